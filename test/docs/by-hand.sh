#!/bin/sh
# Talk to proxyd by hand, with nc and openssl (3.0 or newer):
#   by-hand.sh unix PATH                           by the Unix socket, proxyd.sock in the runtime directory
#   by-hand.sh tcp ADDRESS PORT COOKIE_FILE        with the cookie, on the daemon's own machine
#   by-hand.sh tls ADDRESS PORT CA_FILE OPERATOR   as a named operator, whose password is the first line of stdin
# To learn from, not to rely on: while openssl computes, whoever may run `ps` on this machine can see the secret.
set -eu

case "${1-} $#" in
'unix 2' | 'tcp 4' | 'tls 5') ;;
*) sed -n '3,5s/^# *//p' "$0" >&2; exit 2 ;;
esac

# By the Unix socket no login is needed: say all there is to say, and read the answers.
if [ "$1" = unix ]; then
  nc -N -U "$2" <<'END'
{"jsonrpc":"2.0","id":1,"method":"session.start","params":{"protocol":[1,0],"client":"nc"}}
{"jsonrpc":"2.0","id":2,"method":"session.whoami"}
{"jsonrpc":"2.0","id":3,"method":"users.list"}
END
  exit
fi

# A login is a conversation: what is written to 3 goes to the daemon, what it says is read from 4.
folder=$(mktemp -d)
trap 'exec 3>&- 4<&-; wait; rm -r "$folder"' EXIT
mkfifo "$folder/in" "$folder/out"
case $1 in
tcp)
  nc -N "$2" "$3" <"$folder/in" >"$folder/out" 2>"$folder/log" &
  user=__cookie__
  secret=$(cat "$4")
  ;;
tls)
  user=$5
  IFS= read -r secret || [ "$secret" ] # its newline may be missing
  openssl s_client -quiet -no_ign_eof -verify_return_error -verify_ip "$2" -CAfile "$4" -connect "$2:$3" \
    <"$folder/in" >"$folder/out" 2>"$folder/log" &
  ;;
esac
exec 3>"$folder/in" 4<"$folder/out"

hear() { # the next line from the daemon, into $line
  IFS= read -r line <&4 || { cat "$folder/log" >&2; echo 'the daemon has hung up' >&2; exit 1; }
  printf '%s\n' "$line"
}
call() { # ID METHOD PARAMS; ends all if it is refused
  printf '{"jsonrpc":"2.0","id":%s,"method":"%s","params":%s}\n' "$1" "$2" "$3" >&3
  hear
  case $line in *'"error":'*) exit 1 ;; esac
}
message() { # what "message" is in $line
  printf '%s\n' "$line" | sed -n 's/.*"message":"\([^"]*\)".*/\1/p'
}
hex() { # the bytes of stdin, as hex digits
  od -An -v -tx1 | tr -d ' \n'
}
pairs() { # the hex digits of a byte each
  printf '%s' "$1" | sed 's/../& /g'
}
bytes() { # those that hex digits stand for
  for pair in $(pairs "$1"); do printf "\\$(printf %03o "0x$pair")"; done
}
hmac() { # HEX-KEY TEXT
  printf '%s' "$2" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -binary | hex
}
xor() { # HEX HEX
  rest=$2
  for pair in $(pairs "$1"); do
    printf %02x $((0x$pair ^ 0x${rest%"${rest#??}"}))
    rest=${rest#??}
  done
}

hear
call 1 session.start '{"protocol":[1,0],"client":"by hand"}'
bare="n=$user,r=$(openssl rand -base64 18)"
call 2 auth.begin '{"mechanism":"SCRAM-SHA-256","message":"n,,'"$bare"'"}'

challenge=$(message)
IFS=, read -r nonce salt iterations <<END
$challenge
END
salt=$(printf '%s' "${salt#s=}" | openssl base64 -d -A | hex)
salted=$(openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt "hexpass:$(printf '%s' "$secret" | hex)" \
  -kdfopt "hexsalt:$salt" -kdfopt "iter:${iterations#i=}" -binary PBKDF2 | hex)
client_key=$(hmac "$salted" 'Client Key')
stored_key=$(bytes "$client_key" | openssl dgst -sha256 -binary | hex)
auth_message="$bare,$challenge,c=biws,$nonce"
proof=$(xor "$client_key" "$(hmac "$stored_key" "$auth_message")")
call 3 auth.finish '{"message":"c=biws,'"$nonce,p=$(bytes "$proof" | openssl base64 -A)"'"}'

# The daemon must know the secret too, or it is somebody else.
signature=$(hmac "$(hmac "$salted" 'Server Key')" "$auth_message")
[ "$(message)" = "v=$(bytes "$signature" | openssl base64 -A)" ] || { echo 'that is not the daemon' >&2; exit 1; }

call 4 session.whoami '{}'
call 5 status.get '{}'
