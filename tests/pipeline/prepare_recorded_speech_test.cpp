#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "resyncer/core/error.h"
#include "resyncer/core/tensor_file.h"
#include "resyncer/media/audio_reader.h"
#include "resyncer/pipeline/prepare_speech.h"
#include "resyncer/speech/features.h"
#include "support/scratch_folder.h"

namespace resyncer::pipeline {
namespace {

class RecordedSpeech : public ::testing::Test {
 protected:
  RecordedSpeech() {
    options_.warn = [&](const std::string& message) { warnings_.push_back(message); };
    options_.speaker_size = 2;
  }
  void record(const std::string& name, double seconds) {
    core::AudioClip clip{16000, {}};
    for (int i = 0; i < int(seconds * 16000); ++i) clip.samples.push_back(0.3F * std::sin(0.2F * float(i)));
    media::write_wav(folder_ / name, clip);
    options_.inputs.push_back(folder_ / name);
  }
  void label(const std::string& text) {
    options_.phones = folder_ / "phones.json";
    std::ofstream(options_.phones) << text;
  }
  std::string refusal() {
    try {
      prepare_recorded_speech(options_, folder_ / "out.safetensors");
    } catch (const core::Error& e) {
      EXPECT_EQ(e.kind(), core::ErrorKind::input);
      return e.what();
    }
    return "";
  }

  support::ScratchFolder folder_;
  PrepareOptions options_;
  std::vector<std::string> warnings_;
};

TEST_F(RecordedSpeech, IsLabelledByItsPhoneTimes) {
  for (const char* name : {"a.wav", "b.wav", "c.wav"}) record(name, 0.5);
  label(R"({"a": [["M", "my", 0.1, 0.2]], "c": [["AA", "ah", 0, 0.5]], "b": []})");
  const SpeechDataReport report = prepare_recorded_speech(options_, folder_ / "out.safetensors");
  EXPECT_EQ(report.utterances, 2U);
  EXPECT_EQ(report.skipped, 1U);  // b
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_NE(warnings_[0].find("no phoneme times"), std::string::npos);

  core::TensorFile file(folder_ / "out.safetensors");
  EXPECT_EQ(file.meta("kind"), "speech");
  const auto labels = file.get("labels", core::DType::u8, {100}).to_floats();
  file.get("mel", core::DType::f16, {100, speech::kMelBands});
  EXPECT_EQ(file.get("mel_start", core::DType::i64, {3}).to_floats(), (std::vector<float>{0, 50, 100}));
  EXPECT_EQ(file.get("voice", core::DType::i32, {2}).to_floats(), (std::vector<float>{0, 1}));
  const auto& names = articulation_classes();
  for (std::size_t t = 0; t < 100; ++t)
    EXPECT_EQ(names[std::size_t(labels[t])], t >= 50             ? "open"
                                             : t >= 10 && t < 20 ? "bilabial"
                                                                 : "silence")
        << t;
}

TEST_F(RecordedSpeech, MayHaveNoLabels) {
  record("a.wav", 0.4);
  const SpeechDataReport report = prepare_recorded_speech(options_, folder_ / "out.safetensors");
  EXPECT_NEAR(report.hours, 0.4 / 3600, 1e-6);
  core::TensorFile file(folder_ / "out.safetensors");
  EXPECT_FALSE(file.has("labels"));
  EXPECT_EQ(file.get("mel").shape[0], 40);
}

TEST_F(RecordedSpeech, WhatHasNoSoundIsSkippedAndNothingButThatIsRefused) {
  options_.inputs = {folder_ / "noise.wav", folder_ / "missing.wav"};
  std::ofstream(folder_ / "noise.wav") << "RIFF\xff\xff\xff\xffWAVEfmt garbage";
  EXPECT_NE(refusal().find("no file has sound"), std::string::npos);
  EXPECT_EQ(warnings_.size(), 2U);
  record("good.wav", 0.3);
  EXPECT_EQ(prepare_recorded_speech(options_, folder_ / "out.safetensors").skipped, 2U);
}

TEST_F(RecordedSpeech, HostilePhoneTimesAreRefused) {
  record("a.wav", 0.3);
  label("[[[[");
  EXPECT_NE(refusal().find("no list of phoneme times"), std::string::npos);
  label(R"({"a": [["QQ", "x", 0, 1]]})");
  EXPECT_NE(refusal().find("ARPAbet: 'QQ'"), std::string::npos);
  label(R"({"other": [["M", "x", 0, 1]]})");
  EXPECT_NE(refusal().find("both sound and phoneme times"), std::string::npos);
}

}  // namespace
}  // namespace resyncer::pipeline
