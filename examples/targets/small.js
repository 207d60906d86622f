// A small voice assistant that Earwitness can drive: a speaker with a microphone button. Edit it into yours.
//
//     earwitness check --target 'exec:node examples/targets/small.js'
//
// It is honest about being small. It knows no words: it takes a short burst of sound, a pause and more sound for
// "Alexa, ..." and a request. It has no cloud either: it only reports what an assistant would send. So Earwitness
// says "on its word" of everything it does well.
"use strict";
const fs = require("fs");
const readline = require("readline");

const RATE = 16000;
const FRAME = RATE / 50; // 20 ms
const LOUD = 300; // mean of the absolute samples; the room alone has about 10, speech 1,000 and more
const GAP = 4; // frames of silence that still belong to a burst of sound
const WAKE_WORD = [20, 32]; // frames that "Alexa" may last: 0.4 to 0.64 s
const PAUSE = 8; // frames of silence after it, at least: the comma
const END_OF_SPEECH = 40; // frames of silence that end a request: 0.8 s

const write = (message) => process.stdout.write(JSON.stringify(message) + "\n");
const microseconds = (samples) => Math.floor((samples * 1e6) / RATE);

// One device. Its clock is virtual: time passes only by what it hears.
class Speaker {
  constructor(name) {
    this.name = name;
    this.now = 0; // microseconds
    this.powered = false;
    this.muted = false;
    this.streams = 0;
  }

  report(event, attributes = {}) {
    write({ event, time: this.now, device: this.name, ...attributes });
  }

  setPower(on) {
    if (on === this.powered) return;
    this.powered = on;
    this.report("power", { on, kind: "speaker" });
    if (!on) return;
    this.showMute(); // the mute lasts through a loss of power
    this.report("setting.wake_word", { word: "alexa" });
  }

  showMute() {
    this.report("microphone.power", { on: !this.muted });
    this.report("light", { color: "red", on: this.muted });
  }

  pressMicrophone() {
    this.report("button.microphone");
    if (!this.powered) return;
    this.muted = !this.muted;
    this.showMute();
  }

  hear(samples) {
    const began = this.now;
    if (this.powered && !this.muted && samples.length > 0) {
      const request = findRequest(samples);
      const heard = request ? request.wake * FRAME : samples.length;
      this.now = began + microseconds(heard);
      this.report("audio.captured", { bytes: 2 * heard, buffered: Math.min(500000, this.now - began) });
      if (request) this.answer(began, request);
    }
    this.now = began + microseconds(samples.length);
    return { began, ended: this.now, now: this.now };
  }

  // What an assistant does from the wake word on.
  answer(began, { wake, end }) {
    const stream = ++this.streams;
    const woken = this.now;
    this.report("wake_word", { word: "alexa" });
    this.report("light", { color: "blue", on: true });
    this.report("stream.open", { stream, cause: "wake_word", from: woken });
    this.now = began + microseconds(end * FRAME);
    const sound = { bytes: 2 * (end - wake) * FRAME, from: woken, to: this.now };
    this.report("stream.audio", { stream, ...sound, encrypted: true, voice: true });
    this.report("request.processed", { stream });
    this.report("stream.close", { stream });
    this.report("tts.audio", { bytes: 16000, asked_by: "self" });
    this.report("light", { color: "blue", on: false });
  }
}

// The frames at which the wake word and the request end, or null where nobody speaks to us.
function findRequest(samples) {
  const bursts = []; // [first frame, last frame] of sound
  const frames = Math.floor(samples.length / FRAME);
  for (let frame = 0; frame < frames; frame++) {
    if (loudness(samples.subarray(frame * FRAME, (frame + 1) * FRAME)) <= LOUD) continue;
    const last = bursts[bursts.length - 1];
    if (last && frame - last[1] <= GAP) last[1] = frame;
    else bursts.push([frame, frame]);
  }
  if (bursts.length < 2) return null;
  const length = bursts[0][1] - bursts[0][0];
  if (length < WAKE_WORD[0] || length >= WAKE_WORD[1]) return null;
  if (bursts[1][0] - bursts[0][1] <= PAUSE) return null;
  let last = bursts[1][1];
  for (const [first, end] of bursts.slice(2)) if (first - last < END_OF_SPEECH) last = end;
  return { wake: bursts[0][1] + 1, end: Math.min(last + END_OF_SPEECH, frames) };
}

function loudness(samples) {
  let sum = 0;
  for (const sample of samples) sum += Math.abs(sample);
  return sum / samples.length;
}

// The samples of a WAV file: everything after the word "data" and its length.
function readClip(path) {
  const file = fs.readFileSync(path);
  const content = file.subarray(file.indexOf("data") + 8);
  const samples = new Int16Array(Math.floor(content.length / 2));
  for (let place = 0; place < samples.length; place++) samples[place] = content.readInt16LE(2 * place);
  return samples;
}

const HELLO = {
  earwitness: 2,
  name: "small speaker (JavaScript)",
  version: "1",
  clock: "virtual",
  devices: [{ device: "speaker", kind: "speaker" }],
  capabilities: { microphone_button: true, power: true },
  wake_words: ["alexa"],
};
let speaker = new Speaker("speaker");

const ACTIONS = {
  hello: () => HELLO,
  reset: () => void (speaker = new Speaker("speaker")),
  power: (request) => speaker.setPower(request.state === "restore"),
  kill: () => (speaker.setPower(false), speaker.setPower(true)),
  say: (request) => speaker.hear(readClip(request.audio)),
  wait: (request) => void (speaker.now += request.microseconds),
  press: (request) => speaker.pressMicrophone(),
};

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const request = JSON.parse(line);
  const able = request.do in ACTIONS && request.button !== "action";
  if (able) write({ id: request.id, ok: ACTIONS[request.do](request) || { now: speaker.now } });
  else write({ id: request.id, unsupported: `this speaker cannot ${request.do}` });
});
