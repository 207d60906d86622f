#!/bin/sh
# A small voice assistant that Earwitness can drive: a speaker with a microphone button. Edit it into yours.
#
#     earwitness check --target 'exec:sh examples/targets/small.sh'
#
# It is honest about being small. It knows no words: it takes a short burst of sound, a pause and more sound for
# "Alexa, ..." and a request. It has no cloud either: it only reports what an assistant would send. So Earwitness
# says "on its word" of everything it does well. Needs od and awk.

now=0 powered=false muted=false streams=0 # the clock is virtual: time passes only by what is heard

# The value of a key of $line, without its quotes. Enough for requests, which are flat.
get() {
  printf '%s' "$line" | sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"
}

report() { # an event and its attributes
  printf '{"event": "%s", "time": %d, "device": "speaker"%s}\n' "$1" "$now" "${2:+, $2}"
}

opposite() {
  [ "$1" = true ] && echo false || echo true
}

show_mute() {
  report microphone.power "\"on\": $(opposite "$muted")"
  report light "\"color\": \"red\", \"on\": $muted"
}

set_power() {
  [ "$1" != "$powered" ] || return 0
  powered=$1
  report power "\"on\": $powered, \"kind\": \"speaker\""
  [ "$powered" = true ] || return 0
  show_mute # the mute lasts through a loss of power
  report setting.wake_word '"word": "alexa"'
}

press_microphone() {
  report button.microphone
  [ "$powered" = true ] || return 0
  muted=$(opposite "$muted")
  show_mute
}

# Of a WAV file: frames of 20 ms in all, those at which the wake word and the request end (0 where nobody speaks
# to us). One frame a line; loud is a mean of the absolute samples over 300, the room alone has about 10.
find_request() {
  tail -c +45 "$1" | od -An -v -td2 -w640 | awk '
    { sum = 0; for (i = 1; i <= NF; i++) sum += $i < 0 ? -$i : $i }
    sum / NF > 300 {
      if (bursts && NR - last[bursts] <= 4) last[bursts] = NR
      else { bursts++; first[bursts] = last[bursts] = NR }
    }
    END {
      size = last[1] - first[1]
      if (bursts < 2 || size < 20 || size >= 32 || first[2] - last[1] <= 8) { print NR, 0, 0; exit }
      end = last[2]
      for (b = 3; b <= bursts; b++) if (first[b] - end < 40) end = last[b]
      print NR, last[1], (end + 39 < NR ? end + 39 : NR)
    }'
}

hear() {
  began=$now
  set -- $(find_request "$1")
  frames=$1 wake=$2 end=$3
  if [ "$powered" = true ] && [ "$muted" = false ]; then
    heard=$frames
    if [ "$wake" -gt 0 ]; then heard=$wake; fi
    now=$((began + heard * 20000))
    report audio.captured "\"bytes\": $((heard * 640)), \"buffered\": 500000"
    if [ "$wake" -gt 0 ]; then answer; fi
  fi
  now=$((began + frames * 20000))
}

answer() { # what an assistant does from the wake word on
  streams=$((streams + 1)) woken=$now
  report wake_word '"word": "alexa"'
  report light '"color": "blue", "on": true'
  report stream.open "\"stream\": $streams, \"cause\": \"wake_word\", \"from\": $woken"
  now=$((began + end * 20000))
  sound="\"bytes\": $(((end - wake) * 640)), \"from\": $woken, \"to\": $now"
  report stream.audio "\"stream\": $streams, $sound, \"encrypted\": true, \"voice\": true"
  report request.processed "\"stream\": $streams"
  report stream.close "\"stream\": $streams"
  report tts.audio '"bytes": 16000, "asked_by": "self"'
  report light '"color": "blue", "on": false'
}

hello='{"earwitness": 2, "name": "small speaker (shell)", "version": "1", "clock": "virtual",
 "devices": [{"device": "speaker", "kind": "speaker"}],
 "capabilities": {"microphone_button": true, "power": true}, "wake_words": ["alexa"]}'

while read -r line; do
  content=
  case "$(get do) $(get button)" in
    "hello ") content=$(printf '%s' "$hello" | tr -d '\n') ;;
    "reset ") now=0 powered=false muted=false streams=0 ;;
    "power ") if [ "$(get state)" = restore ]; then set_power true; else set_power false; fi ;;
    "kill ") set_power false && set_power true ;;
    "press microphone") press_microphone ;;
    "say ") hear "$(get audio)" && content="{\"began\": $began, \"ended\": $now, \"now\": $now}" ;;
    "wait ") now=$((now + $(get microseconds))) ;;
    *)
      printf '{"id": %s, "unsupported": "this speaker cannot %s"}\n' "$(get id)" "$(get do)"
      continue
      ;;
  esac
  printf '{"id": %s, "ok": %s}\n' "$(get id)" "${content:-"{\"now\": $now}"}"
done
