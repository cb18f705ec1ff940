// The weights that belong to this program: where they lie, and that they are the right ones.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "resyncer/generator/rewired_generator.h"

namespace resyncer::pipeline {

// A probe: the model's answer to a fixed pseudo-random input.
struct Probe {
  double mean = 0, deviation = 0;
};

struct ModelEntry {
  std::string id;  // "face-model", "motion", "generator"
  std::string version;
  std::filesystem::path file;  // absolute
  std::uintmax_t bytes = 0;
  std::string sha256;
  std::string licence, data, commit, input_contract;
  std::optional<Probe> probe;
};

struct ModelSet {
  std::filesystem::path folder;
  std::vector<ModelEntry> entries;

  const ModelEntry& get(const std::string& id) const;  // throws Error{model}
};

// Looks in `chosen` (--models) if given, else $RESYNCER_MODELS, else `models` beside the binary, else
// ../share/resyncer/models. Reads manifest.json. Throws Error{model} when there is none or it is malformed.
ModelSet find_models(const std::optional<std::filesystem::path>& chosen);

// Size and SHA-256 of one file against the manifest. Throws Error{model} naming the file and the difference.
void check_file(const ModelEntry& entry);

// How to load this set's generator for a person: `person` may be empty. With a person the file is checked
// first, so that what the person's file says of its base can be believed. Throws Error{model}.
generator::GeneratorOptions with_person(const ModelSet& set, const std::filesystem::path& person);

// check_file, then strict loading, then the probe (relative tolerance 1 %).
Probe run_probe(const ModelSet& set, const std::string& id);
void verify(const ModelSet& set, const std::string& id);

}  // namespace resyncer::pipeline
