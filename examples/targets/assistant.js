// A small voice assistant that is whole: microphone, wake word, light, mute, a server behind TLS, a
// loudspeaker and a file. Edit it into yours.
//
//     earwitness check --target 'exec:node examples/targets/assistant.js' --no-proofs
//
// Earwitness gives it a microphone, a loudspeaker and a display, and stands between it and its server: so
// sound, light and what is sent are witnessed. That it heard its wake word, and no more, is its own word.
// It knows no words: a short burst of sound between two silences is "Alexa" to it. It needs `openssl` for a
// certificate.
"use strict";
const { execFileSync } = require("child_process");
const fs = require("fs");
const os = require("os");
const path = require("path");
const readline = require("readline");
const tls = require("tls");

const FRAME = 640; // bytes at 16 kHz, 16 bits, mono
const MICROSECONDS = 20000; // of a frame
const LOUD = 300; // mean of the absolute samples; the room alone has about 10, speech 1,000 and more
const GAP = 4; // frames of silence that still belong to a burst of sound
const SILENCE = 25; // frames of silence before the wake word
const WAKE_WORD = [20, 32]; // frames that "Alexa" may last: 0.4 to 0.64 s
const PAUSE = 9; // frames of silence after it: the comma
const END_OF_SPEECH = 40; // frames of silence that end a request
const FOLDER = fs.mkdtempSync(path.join(os.tmpdir(), "assistant-"));
const SETTINGS = path.join(FOLDER, "settings.json");

const write = (message) => process.stdout.write(JSON.stringify(message) + "\n");

function isLoud(frame) {
  let sum = 0;
  for (let at = 0; at + 1 < frame.length; at += 2) sum += Math.abs(frame.readInt16LE(at));
  return sum > (LOUD * frame.length) / 2;
}

// Hears a burst of sound of the right length, alone between two silences.
class WakeWord {
  burst = 0;
  quiet = SILENCE;
  before = 0;

  hears(loud) {
    if (!loud) {
      const isWord = this.burst >= WAKE_WORD[0] && this.burst < WAKE_WORD[1];
      return ++this.quiet === PAUSE && isWord && this.before >= SILENCE;
    }
    if (this.quiet > GAP) [this.burst, this.before, this.quiet] = [0, this.quiet, 0];
    this.burst += this.quiet + 1;
    this.quiet = 0;
    return false;
  }
}

// Reads pieces of sound, each after its length, and hands them on; an empty one is the last.
function readPieces(socket, take) {
  let unread = Buffer.alloc(0);
  socket.on("error", () => {}); // whoever looked in has gone
  socket.on("data", (bytes) => {
    unread = Buffer.concat([unread, bytes]);
    while (unread.length >= 4 && unread.length >= 4 + unread.readUInt32BE(0)) {
      const end = 4 + unread.readUInt32BE(0);
      take(unread.subarray(4, end));
      unread = unread.subarray(end);
    }
  });
}

function piece(sound) {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(sound.length);
  return Buffer.concat([length, sound]);
}

// Ours: it answers what ends with an empty piece.
function serve(key, certificate, ready) {
  const answer = Buffer.alloc(12800);
  for (let at = 0; at < answer.length; at += 2) answer.writeInt16LE(at % 4 ? 8192 : -8192, at);
  const server = tls.createServer({ key, cert: certificate }, (client) =>
    readPieces(client, (sound) => sound.length || client.write(piece(answer))),
  );
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1", () => ready(server.address().port));
}

// One device. Its clock passes by what is put before its microphone.
class Assistant {
  reset() {
    this.now = this.stream = 0;
    this.powered = false;
    this.link = null;
    fs.rmSync(SETTINGS, { force: true });
  }

  get muted() {
    return fs.existsSync(SETTINGS) && JSON.parse(fs.readFileSync(SETTINGS)).muted;
  }

  attach({ microphone, loudspeaker, display }) {
    Object.assign(this, { loudspeaker, display });
    this.microphone = fs.openSync(microphone, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  }

  route({ host, port, authority }) {
    this.way = { host, port, ca: authority, servername: "localhost" };
  }

  report(event, attributes = {}) {
    write({ event, time: this.now, device: "speaker", ...attributes });
  }

  // The light, as a picture of two lamps, and in words.
  show() {
    const blue = [0, 0, this.listens ? 255 : 0];
    const red = [this.powered && this.muted ? 255 : 0, 0, 0];
    const line = [...Array(8).fill(blue), ...Array(8).fill(red)].flat();
    const picture = Buffer.from(Array(8).fill(line).flat());
    fs.writeFileSync(this.display + ".draft", Buffer.concat([Buffer.from("P6 16 8 255\n"), picture]));
    fs.renameSync(this.display + ".draft", this.display);
  }

  light(color, on) {
    if (color === "blue") this.listens = on;
    this.show();
    this.report("light", { color, on });
  }

  setPower(on) {
    if (on === this.powered) return;
    this.powered = on;
    this.hangUp();
    this.report("power", { on, kind: "speaker" });
    this.show();
    if (!on) return;
    this.wakeWord = new WakeWord();
    this.showMute(); // it lasts through a loss of power
    this.report("setting.wake_word", { word: "alexa" });
  }

  press() {
    this.report("button.microphone");
    if (!this.powered) return;
    fs.writeFileSync(SETTINGS, JSON.stringify({ muted: !this.muted }));
    this.endRequest();
    this.showMute();
  }

  showMute() {
    this.report("microphone.power", { on: !this.muted });
    this.light("red", this.muted);
  }

  async listen({ microseconds }) {
    const end = this.now + microseconds;
    if (this.powered && !this.muted) {
      const sound = Buffer.alloc(1 << 16); // else it stays in the pipe: nobody takes it
      const length = fs.readSync(this.microphone, sound);
      for (let at = 0; at < length; at += FRAME) await this.hear(sound.subarray(at, at + FRAME));
      this.send();
    }
    this.now = end;
  }

  async hear(frame) {
    this.now += MICROSECONDS;
    this.report("audio.captured", { bytes: frame.length, buffered: MICROSECONDS });
    const loud = isLoud(frame);
    if (this.link) {
      this.unsent.push(frame);
      this.quiet = loud ? 0 : this.quiet + 1;
      if (this.quiet === END_OF_SPEECH) await this.finish();
    } else if (this.wakeWord.hears(loud)) {
      this.report("wake_word", { word: "alexa" });
      this.light("blue", true);
      await this.call();
    }
  }

  async call() {
    this.link = await new Promise((done) => {
      const link = tls.connect(this.way, () => done(link));
      link.on("error", () => done(null)); // a stranger answered, or nobody
    });
    if (!this.link) return this.light("blue", false);
    this.answer = new Promise((done) => readPieces(this.link, done));
    Object.assign(this, { stream: this.stream + 1, quiet: 0, unsent: [] });
    this.report("stream.open", { stream: this.stream, cause: "wake_word", from: this.now });
  }

  // What was heard since the last time.
  send() {
    if (!this.link || !this.unsent.length) return;
    const sound = Buffer.concat(this.unsent);
    this.unsent = [];
    this.link.write(piece(sound));
    const heard = { from: this.now - (sound.length / FRAME) * MICROSECONDS, to: this.now };
    const sent = { stream: this.stream, bytes: sound.length, encrypted: true, voice: true };
    this.report("stream.audio", { ...sent, ...heard });
  }

  // The words are over: the server answers, and the answer is played.
  async finish() {
    this.send();
    this.link.write(piece(Buffer.alloc(0)));
    const sound = await this.answer;
    this.report("request.processed", { stream: this.stream });
    this.endRequest();
    fs.appendFileSync(this.loudspeaker, sound);
    this.report("tts.audio", { bytes: sound.length, asked_by: "self" });
  }

  endRequest() {
    if (!this.link) return;
    this.hangUp();
    this.report("stream.close", { stream: this.stream });
    this.light("blue", false);
  }

  hangUp() {
    if (this.link) this.link.destroy();
    this.link = null;
    this.listens = false;
  }
}

const keyFile = path.join(FOLDER, "key.pem");
const certificateFile = path.join(FOLDER, "certificate.pem");
const WORDS = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=assistant";
const NAMED = ["-addext", "subjectAltName=DNS:localhost", "-keyout", keyFile, "-out", certificateFile];
execFileSync("openssl", [...WORDS.split(" "), ...NAMED], { stdio: "ignore" });
const certificate = fs.readFileSync(certificateFile, "utf8");
const assistant = new Assistant();
assistant.reset();

const able = ["microphone", "loudspeaker", "display", "route", "power", "microphone_button"];
const hello = (port) => ({
  earwitness: 2,
  name: "small assistant (JavaScript)",
  version: "1",
  clock: "virtual",
  devices: [{ device: "speaker", kind: "speaker" }],
  capabilities: Object.fromEntries(able.map((name) => [name, true])),
  display: { blue: [0, 0, 8, 8], red: [8, 0, 8, 8] },
  wake_words: ["alexa"],
  data_paths: [FOLDER],
  cloud: { host: "127.0.0.1", port, authority: certificate },
});

const ACTIONS = {
  attach: (request) => assistant.attach(request),
  route: (request) => assistant.route(request),
  reset: () => assistant.reset(),
  power: (request) => assistant.setPower(request.state === "restore"),
  kill: () => (assistant.setPower(false), assistant.setPower(true)),
  listen: (request) => assistant.listen(request),
  press: () => assistant.press(),
};

serve(fs.readFileSync(keyFile), certificate, async (port) => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    const { id } = request;
    if (request.do === "hello") write({ id, ok: hello(port) });
    else if (request.do in ACTIONS && request.button !== "action") {
      await ACTIONS[request.do](request);
      write({ id, ok: { now: assistant.now } });
    } else write({ id, unsupported: `this assistant cannot ${request.do}` });
  }
  process.exit();
});
