#!/usr/bin/env bash
# Times the engine and its peers in turns on the same model, and prints them with their ratios.
#
# usage: engine.sh MODEL.gguf [ROUNDS]
#   PITWALL  the program, built with -c release (default: .build/release/pitwall)
#   PYTHON   of an environment with requirements.txt (default: python3)
#   PEERS    any of: peft llama (default: both)
#   LLAMA    what build-llama.sh printed; without it, llama.cpp is built first
#   OUT      where results are kept (default: a temporary folder)
# All get every core. Do not set OMP_WAIT_POLICY: passive waiting halves what the peers reach.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
model=${1:?usage: engine.sh MODEL.gguf [ROUNDS]}
rounds=${2:-3}
pitwall=${PITWALL:-$here/../../.build/release/pitwall}
python=${PYTHON:-python3}
peers=${PEERS:-peft llama}
out=${OUT:-$(mktemp -d)}
unset OMP_WAIT_POLICY OMP_NUM_THREADS
export HF_HUB_OFFLINE=1

mkdir -p "$out"
[[ $peers != *llama* ]] || llama=${LLAMA:-$("$here/build-llama.sh" "$out/llama")}
[ -d "$out/adapters" ] \
  || "$pitwall" adapter synth "$model" --output "$out/adapters" --count 32 --rank 8
for ((round = 1; round <= rounds; round++)); do
  echo "round $round of $rounds" >&2
  "$pitwall" engine bench "$model" --batches 1,4,16,32 --distinct 0,1,4,8,32 \
    --repeats 5 --format json > "$out/ours-$round.json" 2> "$out/others-$round.txt"
  for peer in $peers; do
    case $peer in
      peft) "$python" "$here/peft.py" "$model" "$out/adapters" ;;
      llama) "$python" "$here/llama.py" "$llama" "$model" "$out/adapters" "$out/gguf" ;;
      *) echo "$peer is no peer: peft or llama" >&2; exit 64 ;;
    esac > "$out/$peer-$round.json"
  done
done
for peer in $peers; do "$python" "$here/ratios.py" "$out" "$peer"; done
