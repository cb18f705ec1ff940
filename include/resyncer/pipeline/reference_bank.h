// Frames of the clip that may lend their pixels, gathered in one pass with flat memory: a streaming k-centre
// bank over simple measures of mouth shape and pose, taken from the raw landmarks, so that it needs no face
// model.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "resyncer/core/face.h"
#include "resyncer/core/image.h"
#include "resyncer/media/video_frame.h"

namespace resyncer::pipeline {

// Mouth openness, width and corners, yaw and pitch proxies, roll; in units of the outer-eye distance,
// weighted.
constexpr int kShapeSize = 10;
using FaceShape = std::array<float, kShapeSize>;
FaceShape face_shape(const core::Landmarks& landmarks);

// Variance of the Laplacian (of values in [0, 1]) in the box of the outer lip, grown by half its width.
// `image`: gray or RGB, landmarks in its px. 0 when the box lies outside.
float mouth_sharpness(const core::ImageU8& image, const core::Landmarks& landmarks);

// `source` seen through a similarity, 3 channels: area-averaged when it gets smaller, bilinear when it gets
// larger. Outside of the source its edge is repeated. Reuses `out`'s memory.
void resample(const core::ImageU8& source, const core::Affine2& out_from_source, int width, int height,
              core::ImageU8* out);

// The generator's square crop straight from a frame. `crop_from_frame`: from upright full-resolution px.
// Training and rendering both take their crops with it. `scratch` is kept from frame to frame.
void take_crop(const media::VideoFrame& frame, const core::Affine2& upright_from_stored,
               const core::Affine2& crop_from_frame, int side, core::ImageU8* scratch, core::ImageU8* out);

struct BankFrame {
  std::int64_t frame = 0;     // index in the video
  core::Landmarks landmarks;  // before smoothing; upright full-resolution px
  float sharpness = 0;        // mouth_sharpness in the analysis image
  core::ImageU8 image;        // RGB
  core::Point2 origin{0, 0};  // upright px of the image's left top corner
  float scale = 1;            // image px an upright px; at most 1
};

struct BankOptions {
  int entries_per_face = 96;
  int entries = 128;   // of all faces: the bank holds at most entries x max_side^2 x 3 bytes (216 MiB)
  int max_side = 768;  // px; larger crops are reduced
  float reach =
      1.35F;  // half side of the crop in outer-eye distances: covers the generator's 17 cm at any roll
  float first_tau = 0.02F;  // FaceShape distance between entries to begin with
  // A face that hardly moves has few entries. Up to so many frames are then kept beside them, evenly in time:
  // they show the same, but each with its own noise, and their mean has less.
  int enough = 16;
};

class ReferenceBank {
 public:
  explicit ReferenceBank(const BankOptions& options = {}) : options_(options) {}

  // `gray`: the analysis image of the frame at `scale`, for sharpness. Faces are followed from frame to frame
  // by overlap alone.
  void push(std::int64_t frame, const media::VideoFrame& picture, const core::Affine2& upright_from_stored,
            const core::ImageU8& gray, float scale, const std::vector<core::FaceObservation>& faces);
  // In the order of frames. Leaves the bank empty.
  std::vector<BankFrame> finish();

 private:
  struct Entry {
    BankFrame picture;
    FaceShape shape{};
  };
  struct Face {
    core::Box last;               // where it was seen last
    std::int64_t last_frame = 0;  // and when
    double weight = 0;            // sum of box areas
    float tau = 0;
    std::vector<Entry> entries;
    std::vector<Entry> spares;        // frames that no entry needed; none once there are enough entries
    std::int64_t stride = 1;          // frames from spare to spare, at least
    std::int64_t last_spare = -1000;  // frame
  };
  Face* follow(std::int64_t frame, const core::FaceObservation& face);
  void thin(Face* face);
  Entry* room_for_spare(Face* face, std::int64_t frame);
  std::size_t total() const;
  void make_room(const Face* wanted);

  void take(std::int64_t frame, const media::VideoFrame& picture, const core::Affine2& upright_from_stored,
            const core::FaceObservation& seen, const FaceShape& shape, float sharpness, Entry* entry);

  BankOptions options_;
  std::vector<Face> faces_;
  core::ImageU8 crop_;
};

}  // namespace resyncer::pipeline
