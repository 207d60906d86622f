#!/bin/sh
# A small voice assistant that is whole: microphone, wake word, light, mute, a server behind TLS, a
# loudspeaker and a file. Edit it into yours.
#
#     earwitness check --target 'exec:sh examples/targets/assistant.sh' --no-proofs
#
# Earwitness gives it a microphone, a loudspeaker and a display, and stands between it and its server: so
# sound, light and what is sent are witnessed. That it heard its wake word, and nothing else, is its own word.
# It knows no words: a short burst of sound between two silences is "Alexa" to it. It needs openssl, od, awk.

folder=$(mktemp -d)
cd "$folder" || exit
muted=$folder/muted # a file that is there while it is muted, through every loss of power
silence=25          # frames of 20 ms before the wake word; see also `hears_word`
end_of_speech=40    # frames of silence that end a request
frame=640           # bytes at 16 kHz, 16 bits, mono
microseconds=20000  # of a frame

# The value of a key of $line, without its quotes. Enough for requests, which are flat.
get() {
  printf '%s' "$line" | sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"
}

report() { # an event and its attributes
  printf '{"event": "%s", "time": %d, "device": "speaker"%s}\n' "$1" "$now" "${2:+, $2}"
}

# Its server: it takes whatever comes, and answers `GET /answer` with a sound.
serve() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=assistant \
    -addext subjectAltName=DNS:localhost -keyout key.pem -out certificate.pem 2> /dev/null
  repeat 3200 '\000\040\000\340' > answer
  openssl s_server -accept 127.0.0.1:0 -cert certificate.pem -key key.pem -HTTP \
    > server.log 2>&1 < /dev/null &
  server=$!
  until port=$(sed -n 's/^ACCEPT .*://p' server.log) && [ -n "$port" ]; do sleep 0.05; done
}

repeat() { # so many times the bytes $2
  left=$1
  while [ "$left" -gt 0 ]; do printf "$2" && left=$((left - 1)); done
}

lamp() { # the colour $2 where $1 is true, else dark
  if [ "$1" = true ]; then repeat 8 "$2"; else repeat 8 '\000\000\000'; fi
}

is_muted() {
  if [ -e "$muted" ]; then echo true; else echo false; fi
}

show() { # the light, as a picture of two lamps
  shines=false
  if [ "$powered" = true ]; then shines=$(is_muted); fi
  { lamp "$listening" '\000\000\377' && lamp "$shines" '\377\000\000'; } > line
  { printf 'P6 16 8 255\n' && cat line line line line line line line line; } > "$display.draft"
  mv "$display.draft" "$display"
}

light() {
  show
  report light "\"color\": \"$1\", \"on\": $2"
}

show_mute() {
  if [ -e "$muted" ]; then on=false; else on=true; fi
  report microphone.power "\"on\": $on"
  light red "$(is_muted)"
}

set_power() {
  [ "$1" != "$powered" ] || return 0
  powered=$1
  hang_up
  report power "\"on\": $powered, \"kind\": \"speaker\""
  show
  [ "$powered" = true ] || return 0
  burst=0 quiet=$silence before=0
  show_mute
  report setting.wake_word '"word": "alexa"'
}

press_microphone() {
  report button.microphone
  [ "$powered" = true ] || return 0
  if [ -e "$muted" ]; then rm "$muted"; else : > "$muted"; fi
  end_request
  show_mute
}

# Of each frame whether it is loud: the mean of its absolute samples; the room alone has about 10.
loudness() {
  od -An -v -td2 -w"$frame" piece |
    awk '{ sum = 0; for (i = 1; i <= NF; i++) sum += $i < 0 ? -$i : $i; print (sum > 300 * NF) }'
}

listen() {
  end=$((now + $1))
  if [ "$powered" = true ] && [ ! -e "$muted" ]; then # else it stays in the pipe: nobody takes it
    dd bs=$(($1 * 32 / 1000)) count=1 iflag=fullblock <&3 > piece 2> /dev/null
    place=0 first=0 so_far=0
    for loud in $(loudness); do hear && place=$((place + 1)); done
    send
  fi
  now=$end
}

hear() { # the frame of `piece` at $place, which is $loud or not
  now=$((now + microseconds)) so_far=$((place + 1))
  report audio.captured "\"bytes\": $frame, \"buffered\": $microseconds"
  if [ "$linked" = true ]; then
    quiet=$((quiet + 1))
    if [ "$loud" = 1 ]; then quiet=0; fi
    if [ "$quiet" -eq "$end_of_speech" ]; then finish; fi
  elif hears_word; then
    report wake_word '"word": "alexa"'
    listening=true first=$((place + 1))
    light blue true
    call
  fi
}

# A burst of 0.4 to 0.64 s, alone between two silences; up to four frames of silence belong to it.
hears_word() {
  if [ "$loud" = 0 ]; then
    quiet=$((quiet + 1))
    [ "$quiet" -eq 9 ] && [ "$burst" -ge 20 ] && [ "$burst" -lt 32 ] && [ "$before" -ge "$silence" ]
    return
  fi
  if [ "$quiet" -gt 4 ]; then burst=0 before=$quiet quiet=0; fi
  burst=$((burst + quiet + 1)) quiet=0
  return 1
}

call() {
  rm -f words && mkfifo words
  openssl s_client -connect "$address" -servername localhost -CAfile trusted.pem -verify_return_error \
    -quiet -brief < words > heard 2> met &
  link=$! linked=true quiet=0
  exec 4> words
  until grep -q ESTABLISHED met; do
    # A stranger answered, or nobody.
    kill -0 "$link" 2> /dev/null || { hang_up && light blue false && return; }
    sleep 0.01
  done
  stream=$((stream + 1))
  report stream.open "\"stream\": $stream, \"cause\": \"wake_word\", \"from\": $now"
}

send() { # the frames of `piece` from the one at $first on
  frames=$((so_far - first))
  [ "$linked" = true ] && [ "$frames" -gt 0 ] || return 0
  dd if=piece bs="$frame" skip="$first" count="$frames" >&4 2> /dev/null
  sent="\"bytes\": $((frames * frame)), \"from\": $((now - frames * microseconds)), \"to\": $now"
  report stream.audio "\"stream\": $stream, $sent, \"encrypted\": true, \"voice\": true"
}

finish() { # the words are over: the server answers, and the answer is played
  send
  printf '\nGET /answer HTTP/1.0\r\n\r\n' >&4
  wait "$link"
  report request.processed "\"stream\": $stream"
  end_request
  cat heard >> "$loudspeaker"
  report tts.audio "\"bytes\": $(wc -c < heard), \"asked_by\": \"self\""
}

end_request() {
  [ "$linked" = true ] || return 0
  hang_up
  report stream.close "\"stream\": $stream"
  light blue false
}

hang_up() {
  [ "$linked" = true ] || return 0
  linked=false listening=false
  exec 4>&-
  kill "$link" 2> /dev/null
  return 0
}

reset() {
  now=0 powered=false linked=false listening=false stream=0
  rm -f "$muted"
}

hello() {
  able='"microphone": true, "loudspeaker": true, "display": true, "route": true, "power": true'
  authority=$(awk '{ printf "%s\\n", $0 }' certificate.pem)
  printf '{"earwitness": 2, "name": "small assistant (shell)", "version": "1", "clock": "virtual", '
  printf '"devices": [{"device": "speaker", "kind": "speaker"}], "wake_words": ["alexa"], '
  printf '"capabilities": {%s, "microphone_button": true}, "data_paths": ["%s"], ' "$able" "$folder"
  printf '"display": {"blue": [0, 0, 8, 8], "red": [8, 0, 8, 8]}, '
  printf '"cloud": {"host": "127.0.0.1", "port": %d, "authority": "%s"}}' "$port" "$authority"
}

attach() {
  loudspeaker=$(get loudspeaker) display=$(get display)
  exec 3<> "$(get microphone)"
}

route() {
  address=$(get host):$(get port)
  printf '%b' "$(get authority)" > trusted.pem
}

serve && reset
trap 'kill "$server"' EXIT
trap '' PIPE # whoever hangs up first
while read -r line; do
  content=
  case "$(get do) $(get button)" in
    "hello ") content=$(hello) ;;
    "attach ") attach ;;
    "route ") route ;;
    "reset ") reset ;;
    "power ") if [ "$(get state)" = restore ]; then set_power true; else set_power false; fi ;;
    "kill ") set_power false && set_power true ;;
    "press microphone") press_microphone ;;
    "listen ") listen "$(get microseconds)" ;;
    *)
      printf '{"id": %s, "unsupported": "this assistant cannot %s"}\n' "$(get id)" "$(get do)"
      continue
      ;;
  esac
  printf '{"id": %s, "ok": %s}\n' "$(get id)" "${content:-"{\"now\": $now}"}"
done
