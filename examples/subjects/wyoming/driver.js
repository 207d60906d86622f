// What is peculiar to the Wyoming protocol, and nothing else: how its server comes and goes, what it says at the
// end of a request, how it mutes. Microphone, loudspeaker, doors, time and life are Earwitness's.
const net = require("net");
const readline = require("readline");

const form = { rate: 16000, width: 2, channels: 1 };
let server = null;
let links = [];
let infos = [];

const write = (message) => console.log(JSON.stringify(message));

function send(link, type, data = {}, payload = Buffer.alloc(0)) {
  if (!link || link.destroyed) return;
  link.write(JSON.stringify({ type, data, payload_length: payload.length }) + "\n");
  link.write(payload);
}

// A line of JSON, then more JSON and a payload where it says so.
function read(link, take) {
  let waiting = Buffer.alloc(0);
  link.on("error", () => {});
  link.on("data", (piece) => {
    waiting = Buffer.concat([waiting, piece]);
    for (;;) {
      const end = waiting.indexOf(10);
      if (end < 0) return;
      const head = JSON.parse(waiting.subarray(0, end));
      const more = end + 1 + (head.data_length || 0);
      const size = more + (head.payload_length || 0);
      if (waiting.length < size) return;
      const data = head.data_length ? JSON.parse(waiting.subarray(end + 1, more)) : head.data || {};
      take(head.type, data, waiting.subarray(more, size));
      waiting = Buffer.from(waiting.subarray(size));
    }
  });
}

// A satellite that lives says what it is; one that is not there yet is called again.
function call(port, done) {
  const link = net.connect(port, "127.0.0.1");
  let known = false;
  read(link, (type, data, payload) => {
    if (type === "info" && !known) {
      known = true;
      links.push(link);
      done(link);
    } else if (type === "info") {
      infos.splice(0).forEach((waiting) => waiting());
    } else if (type === "run-pipeline" && link === server) {
      write({ stream: "open" });
    } else if (type === "audio-chunk") {
      write({ sound: payload.toString("base64"), to: link === server ? "server" : "stranger" });
    }
  });
  link.on("close", () => {
    if (!known) setTimeout(() => call(port, done), 100);
    if (link === server) write({ lost: true });
  });
  send(link, "describe");
}

// Until the satellite has worked off what it was sent.
function settle(done) {
  if (!server || server.destroyed) return done();
  infos.push(done);
  send(server, "describe");
}

let wake = null;
net.createServer((link) => {
  wake = link;
  read(link, (type, data, payload) => {
    if (type === "detect") write({ wake_words: data.names || [] });
    if (type === "audio-chunk") write({ sound: payload.toString("base64"), to: "wake" });
  });
}).listen(10400, "127.0.0.1");
net.createServer((link) => read(link, (type) => {
  if (type.startsWith("streaming-")) write({ listening: type === "streaming-started" });
})).listen(10500, "127.0.0.1");

const actions = {
  greet: (asked, done) => call(asked.port, (link) => {
    server = link;
    send(server, "run-satellite");
    settle(done);
  }),
  leave: (asked, done) => {
    server = null;
    links.splice(0).forEach((link) => link.destroy());
    infos.splice(0).forEach((waiting) => waiting());
    done();
  },
  stranger: (asked, done) => call(asked.port, (link) => {
    send(link, asked.runs ? "run-satellite" : "ping");
    done();
  }),
  finish: (asked, done) => { send(server, "transcript", { text: "what is the weather" }); settle(done); },
  fail: (asked, done) => { send(server, "error", { text: "the request failed" }); settle(done); },
  mute: (asked, done) => { send(server, asked.on ? "pause-satellite" : "run-satellite"); settle(done); },
  play: (asked, done) => {
    send(server, "audio-start", form);
    send(server, "audio-chunk", form, Buffer.from(asked.sound, "base64"));
    send(server, "audio-stop");
    done();
  },
  woken: () => send(wake, "detection", { name: "alexa" }),
};

const requests = readline.createInterface({ input: process.stdin });
requests.on("line", (line) => {
  const asked = JSON.parse(line);
  actions[asked.do](asked, () => write({ done: asked.id }));
});
requests.on("close", () => process.exit(0));
