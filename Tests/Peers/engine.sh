#!/usr/bin/env bash
# Times the engine and PEFT in turns on the same model, and prints both with their ratios.
#
# usage: engine.sh MODEL.gguf [ROUNDS]
#   PITWALL  the program, built with -c release (default: .build/release/pitwall)
#   PYTHON   of an environment with requirements.txt (default: python3)
#   OUT      where results are kept (default: a temporary folder)
# Both get every core. Do not set OMP_WAIT_POLICY: passive waiting halves what PEFT reaches.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
model=${1:?usage: engine.sh MODEL.gguf [ROUNDS]}
rounds=${2:-3}
pitwall=${PITWALL:-$here/../../.build/release/pitwall}
python=${PYTHON:-python3}
out=${OUT:-$(mktemp -d)}
unset OMP_WAIT_POLICY OMP_NUM_THREADS
export HF_HUB_OFFLINE=1

mkdir -p "$out"
"$pitwall" adapter synth "$model" --output "$out/adapters" --count 32 --rank 8
for ((round = 1; round <= rounds; round++)); do
  echo "round $round of $rounds" >&2
  "$pitwall" engine bench "$model" --batches 1,4,16,32 --distinct 0,1,4,8,32 \
    --repeats 5 --format json > "$out/ours-$round.json" 2> "$out/others-$round.txt"
  "$python" "$here/peft.py" "$model" "$out/adapters" > "$out/peer-$round.json"
done
"$python" "$here/ratios.py" "$out"
