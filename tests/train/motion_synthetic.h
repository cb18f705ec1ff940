// A small world for the motion trainer: syllables whose loudness opens the mouth, speakers who differ in how
// far.
#pragma once

#include <cmath>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "resyncer/core/tensor_file.h"
#include "resyncer/mesh/face_model.h"
#include "resyncer/speech/features.h"
#include "resyncer/sync/mouth.h"

namespace resyncer::train::synthetic {

constexpr int kCoefficients = 4;

// 68 landmarks of which only the lips matter; coefficient 0 opens them, 1 rounds them.
inline mesh::FaceModel face_model() {
  mesh::FaceModel face;
  face.neutral = mesh::Vertices::Random(70, 3) * 5;
  face.neutral.row(60) << 1.5F, -3, 8;
  face.neutral.row(64) << -1.5F, -3, 8;
  face.neutral.row(62) << 0, -2.9F, 8.5F;
  face.neutral.row(66) << 0, -3.1F, 8.5F;
  face.identity = Eigen::MatrixXf::Zero(3 * 70, 1);
  face.expression = Eigen::MatrixXf::Zero(3 * 70, kCoefficients + 2);
  face.wide_open = Eigen::VectorXf::Unit(kCoefficients + 2, 0);
  face.expression(3 * 62 + 1, 0) = 0.05F;
  face.expression(3 * 66 + 1, 0) = -0.3F;
  face.expression(3 * 8 + 1, 0) = -0.3F;
  face.expression(3 * 60, 1) = -0.2F;
  face.expression(3 * 64, 1) = 0.2F;
  face.expression(3 * 48, 2) = 0.2F;
  face.expression(3 * 54 + 1, 3) = 0.2F;
  face.speech_count = kCoefficients;
  return face;
}

inline void append_mouth(float open, std::vector<std::uint8_t>* out) {
  for (int y = 0; y < sync::kMouthHeight; ++y)
    for (int x = 0; x < sync::kMouthWidth; ++x) {
      float dx = (float(x) - 32) / 20, dy = (float(y) - 20) / (1 + 12 * open);
      out->push_back(dx * dx + dy * dy < 1 ? 40 : std::uint8_t(150 + x % 7));
    }
}

// `clips` clips of `frames` meshes each, two a speaker.
// `with_shut`: and rows of /p b m/, in place of silent syllables, which hum.
// `kind` "sync": with pictures of the mouth, a dark slit that opens.
inline void write_dataset(const std::filesystem::path& path, int clips, int frames, unsigned seed,
                          const std::string& kind = "motion", bool with_shut = false) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::uniform_real_distribution<float> uniform;
  std::vector<std::uint16_t> mel;
  std::vector<float> expression, confidence, openness, shut;
  std::vector<std::uint8_t> mouth;
  std::vector<std::int64_t> mel_start = {0}, start = {0};
  std::vector<std::int32_t> speaker;
  for (int c = 0; c < clips; ++c) {
    float reach = 0.7F + 0.6F * uniform(random);
    std::vector<float> loud(std::size_t(4 * frames) + 40), round(loud.size());
    for (std::size_t at = 0; at < loud.size();) {
      std::size_t length = 12 + random() % 30;
      float peak = uniform(random) < 0.25F ? 0.F : uniform(random), vowel = uniform(random);
      for (std::size_t i = 0; i < length && at + i < loud.size(); ++i) {
        loud[at + i] = peak * float(std::sin(3.14159 * (double(i) + 0.5) / double(length)));
        round[at + i] = vowel;
      }
      at += length;
    }
    for (int m = 0; m < 4 * frames; ++m)
      for (int b = 0; b < speech::kMelBands; ++b) {
        float centre = 20 + 40 * round[std::size_t(m)], d = (float(b) - centre) / 10;
        float value = -1.5F + 3.5F * loud[std::size_t(m)] * std::exp(-d * d) + 0.2F * normal(random);
        if (with_shut && loud[std::size_t(m)] == 0 && b < 10) value += 2;
        mel.push_back(core::half_from_float(value));
      }
    for (int t = 0; t < frames; ++t) {
      float a = reach * loud[std::size_t(4 * t + 2)];
      expression.insert(expression.end(), {2 * a - 0.5F, round[std::size_t(4 * t + 2)] * a, 0.3F * a, 0.1F});
      confidence.push_back(t % 17 == 16 ? 0.F : 1.F);
      openness.push_back(0.25F * a);
      shut.push_back(a == 0 ? 1.F : 0.F);
      if (kind == "sync") append_mouth(a, &mouth);
    }
    mel_start.push_back(mel_start.back() + 4 * frames);
    start.push_back(start.back() + frames);
    speaker.push_back(c / 2);
  }
  core::TensorFileWriter writer;
  writer.set_meta("kind", kind);
  writer.set_meta("names", "[\"first\"]");
  writer.add("mel", core::DType::f16, {mel_start.back(), speech::kMelBands}, mel.data());
  writer.add("mel_start", core::DType::i64, {std::int64_t(mel_start.size())}, mel_start.data());
  writer.add("expression", {start.back(), kCoefficients}, expression);
  writer.add("confidence", {start.back()}, confidence);
  writer.add("openness", {start.back()}, openness);
  writer.add("motion_start", core::DType::i64, {std::int64_t(start.size())}, start.data());
  writer.add("speaker", core::DType::i32, {std::int64_t(speaker.size())}, speaker.data());
  if (with_shut) writer.add("shut", {start.back()}, shut);
  if (kind == "sync")
    writer.add("mouth", core::DType::u8, {start.back(), sync::kMouthHeight, sync::kMouthWidth}, mouth.data());
  writer.write(path);
}

}  // namespace resyncer::train::synthetic
