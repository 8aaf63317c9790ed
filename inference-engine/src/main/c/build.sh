#!/bin/sh
# Builds the kernel library: build.sh WORK RESOURCES makes RESOURCES/libbaton-kernels.so, and keeps a copy and its objects
# in WORK that serve until a source changes. Objects are built side by side, each with the instructions its file is for.
# Where there is no compiler that can, it says so and leaves nothing: the engine then computes with the Vector API.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
mkdir -p "$1" "$2"
kept=$1/libbaton-kernels.so
library=$2/libbaton-kernels.so
compiler=${CC-gcc}

leave() {
  rm -f "$kept" "$library"
  echo "baton: $* The engine will compute with the Vector API, more slowly."
  exit 0
}

[ "$(uname -sm)" = "Linux x86_64" ] || leave "native kernels are built for Linux on x86-64 only."
command -v "$compiler" >/dev/null 2>&1 || leave "no C compiler ($compiler) found, native kernels are not built."
sum=$(cat "$here"/* | cksum)
if [ -f "$kept" ] && [ "$(cat "$1/sources.sum" 2>/dev/null)" = "$sum" ]; then
  cmp -s "$kept" "$library" || cp "$kept" "$library"
  exit 0
fi

objects=$1/objects
rm -rf "$objects"
mkdir -p "$objects"
common="-O2 -std=gnu11 -Wall -Wextra -fPIC -fvisibility=hidden -fno-math-errno"
avx2="-mavx2 -mfma -mf16c"
avx512="$avx2 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni -mprefer-vector-width=512"

compile() {
  # shellcheck disable=SC2086  # lists of options
  "$compiler" $common $2 -c "$here/$1.c" -o "$objects/$1.o" 2>"$objects/$1.log" || touch "$objects/failed"
}

compile tier_avx512 "$avx512" &
compile tier_amx "$avx512 -mavx512bf16 -mamx-tile -mamx-bf16" &
compile tier_avx2 "$avx2" &
compile tiers "" &
compile probe "" &
compile panel -O3 &
wait
if [ -f "$objects/failed" ]; then
  cat "$objects"/*.log >&2
  leave "$compiler could not compile the native kernels (gcc 12 or later can)."
fi
"$compiler" -shared -Wl,-z,now -o "$objects/library" "$objects"/*.o || leave "$compiler could not link the native kernels."
cp "$objects/library" "$kept"
cp "$kept" "$library"
echo "$sum" >"$1/sources.sum"
