// Robust fitting of the face model to landmarks over whole shots: identity and focal length shared,
// expression and pose per frame, temporal prior inside a shot. Gauss-Newton with Levenberg-Marquardt damping
// (Eigen).
#pragma once

#include <optional>
#include <vector>

#include "resyncer/core/face.h"
#include "resyncer/mesh/camera.h"

namespace resyncer::mesh {

struct FitOptions {
  float landmark_sigma = 0.012F;  // of the inter-ocular distance: noise of a landmark
  float jaw_sigma = 0.04F;        // of the same: the jaw line slides with the view
  float identity_weight = 1.0F;   // prior N(0, 1) on coefficients
  float expression_weight = 1.0F;
  float temporal_weight = 4.0F;  // on the distance of pose and expression from the mean of their neighbours
  float robust_scale = 3.0F;     // Huber, in sigmas
  int iterations = 8;
  std::optional<float> focal_px;  // known focal length; otherwise estimated
  int key_frames = 40;            // frames that identity and focal length are estimated from
};

struct ShotInput {  // one face in one shot
  std::vector<std::optional<core::FaceObservation>> frames;
};

struct TrackFit {
  Eigen::VectorXf identity;  // shared by all shots
  Camera camera;
  // [shot][frame]; nullopt where there was no face
  std::vector<std::vector<std::optional<FaceParams>>> shots;
  // Mean over landmarks and frames of |projected - observed| / inter-ocular distance.
  float reprojection_error = 0;
};

// Throws Error{face} when no frame has a face.
TrackFit fit_track(const FaceModel& model, const std::vector<ShotInput>& shots, int frame_width,
                   int frame_height, const FitOptions& options = {});

}  // namespace resyncer::mesh
