// Whether something is in front of a followed face: a hand, a microphone, another head. Landmarks and
// detector go on as if the mouth were there; the colours of the lower face tell.
#pragma once

#include <optional>
#include <vector>

#include "pipeline/face_look.h"
#include "resyncer/track/face_tracker.h"

namespace resyncer::pipeline {

// For each frame of one face in one shot (nullopt: not seen, 0): the share of the lower face's places whose
// colours are not this face's own, [0, 1]. Own is what most frames of the minute around agree upon (least
// trimmed squares over whole frames, then a regression on pose and mouth), brightness and tint aside as the
// upper face shows them; a place differs when it is off by more than it varies, and by more than the upper
// face is. So a thing that is there for most of a minute is taken for the face. 0 for fewer than 16
// observations.
std::vector<float> covered_shares(const std::vector<std::optional<FaceLook>>& looks);

// Gathers the looks while a video is followed: 0.2 kB a frame and face.
class CoverWatch {
 public:
  // `faces`: as the tracker returned them for this frame.
  void push(const media::VideoFrame& picture, const core::Affine2& upright_from_stored,
            const std::vector<core::FaceObservation>& faces);
  // Fills FaceTrack::covered.
  void finish(track::FaceTracks* tracks);

 private:
  struct Seen {
    core::Point2 nose;  // of the raw landmarks: which face it is
    FaceLook look;
  };
  std::vector<std::vector<Seen>> frames_;
  core::ImageU8 scratch_;
};

}  // namespace resyncer::pipeline
