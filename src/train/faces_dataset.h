// "faces" files and the samples that are made of them: guidance, true picture and where the mouth is.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "resyncer/core/tensor_file.h"
#include "resyncer/generator/guidance.h"
#include "resyncer/generator/reference_choice.h"
#include "resyncer/mesh/face_model.h"

namespace resyncer::train {

// One frame that can be a target.
struct FrameId {
  int file = 0;
  std::int64_t index = 0;  // row in the file
};

// Thread-safe but for hold_out. Pictures stay in the mapped files.
class FacesDataset {
 public:
  // Throws Error{input} when a file is damaged, or does not fit the face model or `side`.
  FacesDataset(std::vector<core::TensorFile> files, const mesh::FaceModel& model, int side);
  FacesDataset(const std::vector<std::filesystem::path>& paths, const mesh::FaceModel& model, int side);

  // All frames that another moment of their clip can lend references to.
  const std::vector<FrameId>& frames() const { return frames_; }
  // Takes the last `share` of every clip's time out of frames(), and answers it. From now on it lends nothing
  // either: what is measured there has not been seen.
  std::vector<FrameId> hold_out(double share);
  int side() const { return side_; }
  // The frame's picture at side(): the stored one, or halved.
  core::ImageU8 picture(FrameId frame) const;
  enum class Shape { target, neutral, wide_open };
  mesh::Vertices vertices(FrameId frame, Shape shape) const;  // control vertices, px at side()
  // kLenders rows of the frame's file: chosen as in rendering, at least `gap` seconds away; where the clip
  // is too short for that, any other frame.
  std::vector<std::int64_t> choose(FrameId frame, double gap) const;
  // generator::reference_trust of these rows of the frame's file.
  std::vector<float> trust(FrameId frame, const std::vector<std::int64_t>& rows) const;
  // All rows that choose() may pick from: those that lend (all, unless the file says which).
  std::vector<std::int64_t> candidates(FrameId frame, double gap) const;

 private:
  struct Clip {
    std::vector<std::int64_t> rows;
    std::vector<generator::BankEntry> entries;  // one a row
    std::vector<std::int64_t> lenders;          // the rows that may lend
    std::vector<generator::BankEntry> bank;     // one a lender
    double measured_from = 0;                   // s, see hold_out
  };
  struct File {
    explicit File(core::TensorFile opened) : tensors(std::move(opened)) {}
    core::TensorFile tensors;
    int side = 0;
    const std::byte* crops = nullptr;
    std::array<std::vector<float>, 3> shapes;  // by Shape
    std::vector<float> seconds;
    std::vector<std::int32_t> clip_of;
    std::map<std::int32_t, Clip> clips;
  };
  File open(core::TensorFile tensors) const;
  void read_clips(File* file, std::int64_t rows, std::int64_t coefficients) const;
  void list_frames();
  const Clip& clip(FrameId frame) const;
  const generator::BankEntry& entry(FrameId frame) const;
  double gap_or_none(FrameId frame, double gap) const;

  std::vector<File> files_;
  std::vector<FrameId> frames_;
  int side_, controls_;
  Eigen::VectorXf mouth_weights_;
};

// Where a sample is written: rows of a batch's memory.
struct SamplePlanes {
  float* guidance = nullptr;              // side x side x kGuidancePlanes
  float* truth = nullptr;                 // side x side x 3, [0, 1]
  float* mouth = nullptr;                 // side x side: 1 on and round the lips
  std::int64_t mouth_x = 0, mouth_y = 0;  // px: middle of the lips, set by make_sample
};

struct SampleOptions {
  double gap = 1;       // s
  bool augment = true;  // geometry, light, blur, mesh noise, bad references, mirroring
};

// Buffers that are kept from sample to sample; one a thread.
struct SampleScratch {
  generator::GuidanceScratch guidance;
  generator::Guidance planes;
  core::ImageF mask, mouth;
};

void make_sample(const FacesDataset& dataset, const mesh::FaceModel& model, FrameId frame,
                 const SampleOptions& options, std::mt19937_64* random, SampleScratch* scratch,
                 SamplePlanes* out);

}  // namespace resyncer::train
