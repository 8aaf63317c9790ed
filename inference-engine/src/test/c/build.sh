#!/bin/sh
# Builds the kernel library with emulated AMX tiles, for tests: build.sh WORK LIBRARY links the objects that
# src/main/c/build.sh left in WORK with emulated_tiles.c. Where there is no kernel library, it makes none either.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
objects=$1/objects
rm -f "$2"
[ -f "$1/libbaton-kernels.so" ] || exit 0
mkdir -p "$(dirname -- "$2")"
"${CC-gcc}" -O2 -std=gnu11 -Wall -Wextra -fPIC -fvisibility=hidden -mavx2 -mfma -mf16c -mavx512f -mavx512bw \
  -mavx512dq -mavx512vl -mavx512vnni -I "$here/../../main/c" -shared -Wl,-z,now -o "$2" \
  "$here/emulated_tiles.c" "$objects/tier_avx512.o" "$objects/tier_avx2.o" "$objects/tiers.o" "$objects/panel.o"
