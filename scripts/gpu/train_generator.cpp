// `resyncer train generator` for machines that have LibTorch and little else (docs/training.md): options are
// name=value, datasets and held-out files may be given several times.
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <string>

#include "resyncer/core/error.h"
#include "resyncer/train/generator.h"

namespace {
using resyncer::core::Error;
using resyncer::core::ErrorKind;
using Options = resyncer::train::GeneratorTrainingOptions;

template <typename T>
void number(const std::string& text, T* to) {
  char* end = nullptr;
  *to = T(std::strtod(text.c_str(), &end));
  if (text.empty() || *end != 0) throw Error(ErrorKind::usage, "'" + text + "' is no number");
}

void set(const std::string& name, const std::string& value, Options* o) {
  if (name == "data") return o->data.emplace_back(value), void();
  if (name == "held-out") return o->held_out.emplace_back(value), void();
  const std::map<std::string, std::filesystem::path*> paths = {
      {"face-model", &o->face_model}, {"output", &o->output}, {"initial", &o->initial},
      {"checkpoint", &o->checkpoint}, {"sheets", &o->sheets}, {"curve", &o->curve}};
  if (auto it = paths.find(name); it != paths.end()) return *it->second = value, void();
  if (name == "resume")
    o->resume = value == "true";
  else if (name == "side")
    number(value, &o->side);
  else if (name == "batch")
    number(value, &o->batch);
  else if (name == "steps")
    number(value, &o->steps);
  else if (name == "minutes")
    number(value, &o->minutes);
  else if (name == "seed")
    number(value, &o->seed);
  else if (name == "learning-rate")
    number(value, &o->learning_rate);
  else if (name == "average")
    number(value, &o->average);
  else if (name == "workers")
    number(value, &o->workers);
  else if (name == "min-gap")
    number(value, &o->min_gap);
  else if (name == "held-out-samples")
    number(value, &o->held_out_samples);
  else if (name == "adversarial-from")
    number(value, &o->adversarial_from);
  else if (name == "adversarial-weight")
    number(value, &o->adversarial_weight);
  else if (name == "feature-weight")
    number(value, &o->feature_weight);
  else if (name == "report-every")
    number(value, &o->report_every);
  else if (name == "evaluate-every")
    number(value, &o->evaluate_every);
  else
    throw Error(ErrorKind::usage, "there is no option '" + name + "'");
}
}  // namespace

int main(int argc, char** argv) {
  try {
    Options options;
    for (int i = 1; i < argc; ++i) {
      const std::string argument = argv[i];
      const auto at = argument.find('=');
      if (at == std::string::npos) throw Error(ErrorKind::usage, "'" + argument + "' is not name=value");
      set(argument.substr(0, at), argument.substr(at + 1), &options);
    }
    resyncer::train::train_generator(options,
                                     [](const std::string& line) { std::cout << line << std::endl; });
    return 0;
  } catch (const Error& e) {
    std::cerr << "train_generator: " << e.what() << '\n';
    return resyncer::core::exit_code(e.kind());
  } catch (const std::exception& e) {
    std::cerr << "train_generator: " << e.what() << '\n';
    return 1;
  }
}
