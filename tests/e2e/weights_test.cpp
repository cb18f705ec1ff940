// Weights that are damaged or another program's: refused with exit code 4, by name of the fault.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>

#include "e2e/footage.h"
#include "resyncer/core/tensor_file.h"

namespace resyncer::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class Weights : public ::testing::Test {
 protected:
  Weights() { fs::copy(RESYNCER_SOURCE_DIR "/models", folder, fs::copy_options::recursive); }

  void expect_refused(std::vector<std::string> command, const std::string& fault) {
    command.insert(command.begin(), "models");
    command.insert(command.end(), {"--models", folder, "-q"});
    RunResult result = resyncer(command);
    EXPECT_EQ(result.status, 4) << fault;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_THAT(result.err, AllOf(HasSubstr("error (model)"), HasSubstr(fault)));
  }

  // The motion weights, with one tensor or metadata entry changed on the way.
  using Change = std::function<void(const std::string& name, core::TensorView* view, std::string* new_name)>;
  void rewrite(const Change& change, const std::string& key = "", const std::string& value = "",
               bool with_extra = false) {
    core::TensorFileWriter writer;
    {
      core::TensorFile file(RESYNCER_SOURCE_DIR "/models/motion.safetensors");
      for (auto [name, view] : file.tensors()) {
        std::string new_name = name;
        if (change) change(name, &view, &new_name);
        if (!new_name.empty()) writer.add(new_name, view.type, view.shape, view.data);
      }
      for (const auto& [name, text] : file.metadata()) writer.set_meta(name, name == key ? value : text);
    }
    if (with_extra) writer.add("surplus", {1}, {0.F});
    writer.write(folder + "/motion.safetensors");
  }
  static std::string first_tensor() {
    return core::TensorFile(RESYNCER_SOURCE_DIR "/models/motion.safetensors").tensors().begin()->first;
  }

  ScratchFolder scratch;
  std::string folder = scratch.file("models");
};

TEST_F(Weights, UntouchedOnesPass) {
  rewrite({});
  EXPECT_EQ(resyncer({"models", "probe", "motion", "--models", folder}).status, 0);
}

TEST_F(Weights, AFlippedByteAndATruncationAreSeenBeforeLoading) {
  {
    std::fstream stream(folder + "/face-model.safetensors", std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(-1, std::ios::end);
    stream.put('\x7f');
  }
  expect_refused({"verify"}, "SHA-256 differs");
  fs::resize_file(folder + "/face-model.safetensors", 1000);
  expect_refused({"verify"}, "has 1000 bytes");
  fs::remove(folder + "/face-model.safetensors");
  expect_refused({"verify"}, "are missing");
}

TEST_F(Weights, ATruncatedFileIsNotLoaded) {
  std::string file = folder + "/motion.safetensors";
  fs::resize_file(file, fs::file_size(file) - 1);
  expect_refused({"probe", "motion"}, "truncated?");
  fs::resize_file(file, 4);
  expect_refused({"probe", "motion"}, "too short");
}

TEST_F(Weights, AMissingAnExtraAndAMisshapenTensorAreNamed) {
  const std::string victim = first_tensor();
  rewrite([&](const std::string& name, core::TensorView*, std::string* new_name) {
    if (name == victim) new_name->clear();
  });
  expect_refused({"probe", "motion"}, "missing: " + victim);
  rewrite({}, "", "", true);
  expect_refused({"probe", "motion"}, "unexpected: surplus");
  rewrite([&](const std::string& name, core::TensorView* view, std::string*) {
    if (name == victim) view->shape.push_back(1);
  });
  expect_refused({"probe", "motion"}, "mis-shaped: " + victim);
  rewrite([&](const std::string& name, core::TensorView*, std::string* new_name) {
    if (name == victim) *new_name = "two\nlines \x1b[2J";
  });
  expect_refused({"probe", "motion"}, "unexpected: two lines  [2J");
}

TEST_F(Weights, AnotherVersionKindOrConfigIsNamed) {
  rewrite({}, "version", "999");
  expect_refused({"probe", "motion"}, "version 999");
  rewrite({}, "config", "{}");
  expect_refused({"probe", "motion"}, "config does not fit: missing");
  fs::copy_file(folder + "/generator.safetensors", folder + "/motion.safetensors",
                fs::copy_options::overwrite_existing);
  expect_refused({"probe", "motion"}, "file is needed");
  fs::copy_file(folder + "/generator.safetensors", folder + "/face-model.safetensors",
                fs::copy_options::overwrite_existing);
  expect_refused({"probe", "face-model"}, "is not a face model");
}

TEST(ShippedModels, AreTheManifestsAndComputeTheSame) {
  RunResult result = resyncer({"models", "verify"});
  EXPECT_EQ(result.status, 0) << result.err;
}

}  // namespace
}  // namespace resyncer::testing
