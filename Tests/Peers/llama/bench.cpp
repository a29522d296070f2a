// Times llama.cpp in its own process where the engine's bench times itself, and prints the rows as JSON.
//
//   llama-peer widen IN.gguf OUT.gguf       writes the same weights as F32
//   llama-peer bench MODEL.gguf THREADS REPEATS TOKENS BATCHES DISTINCT ADAPTER.gguf...
//
// A context has one set of adapters at a time, so rows of different adapters cannot be in one batch, nor
// are they in llama-server (`can_batch_with` asks for equal adapters). As there, the rows of one adapter
// are decoded to their end before those of the next: to change adapters at every token costs half of the
// speed.
#include "llama.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <sstream>
#include <string>
#include <vector>

using Numbers = std::vector<double>;

static void require(bool condition, const char *what) {
  if (condition) return;
  std::fprintf(stderr, "llama-peer: %s\n", what);
  std::exit(1);
}

template <class Action> static double milliseconds(Action action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

static double median(Numbers values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

struct Bench {
  llama_model *model;
  int threads, repeats, tokens;
  int prompt = 64, prefillLength = 512;
  std::vector<std::string> paths;
  std::vector<llama_adapter_lora *> adapters;
  std::mt19937 random{0};
  bool first = true;

  int vocabulary() const { return llama_vocab_n_tokens(llama_model_get_vocab(model)); }
  llama_token anyToken() { return std::uniform_int_distribution<int>(100, vocabulary() - 1)(random); }

  llama_context *context(int sequences) const {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = std::max(sequences * 256, prefillLength + 256);
    params.n_batch = params.n_ubatch = 512;
    params.n_seq_max = sequences;
    params.n_threads = params.n_threads_batch = threads;
    llama_context *made = llama_init_from_model(model, params);
    require(made, "no context");
    return made;
  }

  void use(llama_context *context, int adapter) const {
    llama_adapter_lora *chosen = adapter < 0 ? nullptr : adapters[adapter];
    float scale = 1;
    require(llama_set_adapters_lora(context, &chosen, chosen ? 1 : 0, &scale) == 0, "no adapter");
  }

  static void add(llama_batch &batch, llama_token token, int position, int sequence, bool wanted) {
    const int at = batch.n_tokens++;
    batch.token[at] = token;
    batch.pos[at] = position;
    batch.n_seq_id[at] = 1;
    batch.seq_id[at][0] = sequence;
    batch.logits[at] = wanted;
  }

  llama_token best(llama_context *context, int row) const {
    const float *logits = llama_get_logits_ith(context, row);
    return std::max_element(logits, logits + vocabulary()) - logits;
  }

  void report(const char *what, int batch, int count, const Numbers &times, int tokensEach) {
    const double middle = median(times);
    std::printf("%s{\"what\": \"%s\", \"batch\": ", first ? "" : ",\n", what);
    batch ? std::printf("%d", batch) : std::printf("null");
    std::printf(", \"adapters\": %d, \"tokens/s\": ", count);
    tokensEach ? std::printf("%.2f", tokensEach * 1000 / middle) : std::printf("null");
    std::printf(", \"ms\": %.4f}", middle);
    std::fflush(stdout);
    first = false;
  }

  void prefill(int count) {
    llama_context *here = context(1);
    llama_batch batch = llama_batch_init(prefillLength, 0, 1);
    Numbers times;
    for (int repeat = 0; repeat <= repeats; repeat++) {
      llama_memory_clear(llama_get_memory(here), false);
      use(here, count - 1);
      batch.n_tokens = 0;
      for (int at = 0; at < prefillLength; at++) add(batch, anyToken(), at, 0, at + 1 == prefillLength);
      const double time = milliseconds([&] {
        require(llama_decode(here, batch) == 0, "prefill failed");
        best(here, batch.n_tokens - 1);
      });
      if (repeat > 0) times.push_back(time);
    }
    report("prefill", 1, count, times, prefillLength);
    llama_batch_free(batch);
    llama_free(here);
  }

  /// Neighbouring rows share an adapter, as sequences that are not neighbours are not batched either. A
  /// step's time is that of all rows, of each adapter by itself.
  void decode(int rows, int count) {
    llama_context *here = context(rows);
    llama_batch batch = llama_batch_init(std::max(rows, prompt), 0, 1);
    std::vector<llama_token> next(rows);
    const int groups = std::max(1, count), warmUp = 2;
    Numbers times(tokens);
    for (int group = 0; group < groups; group++) {
      const int from = rows * group / groups, end = rows * (group + 1) / groups;
      use(here, count == 0 ? -1 : group);
      for (int row = from; row < end; row++) next[row] = read(here, batch, row);
      for (int step = 0; step < tokens + warmUp; step++) {
        const double time = milliseconds([&] {
          batch.n_tokens = 0;
          for (int row = from; row < end; row++) add(batch, next[row], prompt + step, row, true);
          require(llama_decode(here, batch) == 0, "decode failed");
          for (int row = from; row < end; row++) next[row] = best(here, row - from);
        });
        if (step >= warmUp) times[step - warmUp] += time;
      }
    }
    report("decode", rows, count, times, rows);
    llama_batch_free(batch);
    llama_free(here);
  }

  /// Reads a prompt, and gives the token after it.
  llama_token read(llama_context *here, llama_batch &batch, int row) {
    batch.n_tokens = 0;
    for (int at = 0; at < prompt; at++) add(batch, anyToken(), at, row, at + 1 == prompt);
    require(llama_decode(here, batch) == 0, "prompt failed");
    return best(here, batch.n_tokens - 1);
  }

  void movements() {
    llama_context *here = context(1);
    Numbers load, change;
    for (int repeat = 0; repeat < repeats; repeat++) {
      llama_adapter_lora *other = nullptr;
      load.push_back(milliseconds([&] { other = llama_adapter_lora_init(model, paths.back().c_str()); }));
      require(other, "adapter not loaded");
      llama_adapter_lora_free(other);
      use(here, repeat % 2);
      change.push_back(milliseconds([&] { use(here, 1 - repeat % 2); }));
    }
    report("load", 0, 1, load, 0);
    report("switch", 0, 1, change, 0);
    llama_free(here);
  }
};

static std::vector<int> numbers(const char *text) {
  std::vector<int> found;
  std::stringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) found.push_back(std::atoi(part.c_str()));
  return found;
}

static int widen(const char *from, const char *to) {
  llama_model_quantize_params params = llama_model_quantize_default_params();
  params.ftype = LLAMA_FTYPE_ALL_F32;
  params.allow_requantize = true;
  return llama_model_quantize(from, to, &params);
}

int main(int count, char **words) {
  llama_log_set([](ggml_log_level level, const char *text, void *) {
    if (level >= GGML_LOG_LEVEL_ERROR && level != GGML_LOG_LEVEL_CONT) std::fputs(text, stderr);
  }, nullptr);
  if (count == 4 && std::string(words[1]) == "widen") return widen(words[2], words[3]);
  require(count >= 10 && std::string(words[1]) == "bench", "see the head of bench.cpp for its arguments");
  Bench bench{llama_model_load_from_file(words[2], llama_model_default_params()),
              std::atoi(words[3]), std::atoi(words[4]), std::atoi(words[5])};
  require(bench.model, "no model");
  bench.paths.assign(words + 8, words + count);
  for (const std::string &path : bench.paths) {
    bench.adapters.push_back(llama_adapter_lora_init(bench.model, path.c_str()));
    require(bench.adapters.back(), "adapter not loaded");
  }
  std::printf("[");
  bench.movements();
  for (int adapters : {0, 1}) bench.prefill(adapters);
  for (int rows : numbers(words[6]))
    for (int adapters : numbers(words[7]))
      if (adapters <= rows && adapters <= int(bench.adapters.size())) bench.decode(rows, adapters);
  std::printf("]\n");
}
