#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The parent of a container of the process runtime: keeps what it writes and how it ends, whoever else comes and goes.
#   sh keeper.sh HOME EXIT
# HOME/inside.sh is the container; HOME/stdin is there when it reads; SIGUSR1 ends what it reads; its code goes to EXIT.
home=$1 exit=$2
echo $$ >"$home/parent"
mkfifo "$home/out.pipe" "$home/err.pipe"
cat <"$home/out.pipe" >>"$home/out" &
out=$!
cat <"$home/err.pipe" >>"$home/err" &
err=$!
input=/dev/null
if [ -p "$home/stdin" ]; then
  input=$home/stdin
  exec 3<>"$home/stdin"
fi
trap 'exec 3>&-' USR1
sh "$home/outside.sh" <"$input" >"$home/out.pipe" 2>"$home/err.pipe" 3>&- &
child=$!
while :; do
  wait $child
  code=$?
  kill -0 $child 2>/dev/null || break
done
# What has left the container's session could hold the pipes for ever.
(sleep 2 && kill $out $err) 2>/dev/null &
timer=$!
wait $out $err
kill $timer 2>/dev/null
rm -f "$home/out.pipe" "$home/err.pipe"
echo $code >"$home/code"
mv "$home/code" "$exit"
