// The project's own 3D face: a small control cage with identity and expression bases, subdivided to a dense
// shell.
//
// Head coordinates: centimetres, x to the subject's left (the viewer's right), y up, z forward out of the
// face. Control vertices 0-67 are the landmarks of core/face.h; the rest are forehead, cheeks, chin and a
// skirt round the jaw that follows the head but not the expression, so that warps die away in it.
#pragma once

#include <Eigen/Core>
#include <Eigen/SparseCore>
#include <array>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace resyncer::mesh {

using Vertices = Eigen::Matrix<float, Eigen::Dynamic, 3, Eigen::RowMajor>;  // V x 3
using Triangle = std::array<std::int32_t, 3>;

enum class Region : std::uint8_t {
  skin = 0,
  lips = 1,
  mouth = 2,
  skirt = 3
};  // mouth: the hole between the inner lips

struct FaceModel {
  Vertices neutral;          // Vc x 3, cm; lips shut, at rest
  Eigen::MatrixXf identity;  // 3Vc x K_id: displacement of (x0,y0,z0,x1,...) at coefficient 1 = 1 sigma
  Eigen::MatrixXf
      expression;             // 3Vc x K_exp, likewise; the first `speech_count` move only mouth, jaw, cheeks,
  int speech_count = 0;       //   the others only brows and eyes
  Eigen::VectorXf wide_open;  // K_exp: the jaw dropped as far as it goes in speech
  std::vector<Triangle> cage;  // of the control vertices, counter-clockwise seen from outside
  Eigen::SparseMatrix<float, Eigen::RowMajor>
      subdivision;                  // V x Vc: dense = subdivision * control; rows 0..Vc-1 = I
  std::vector<Triangle> triangles;  // of the dense vertices
  std::vector<Region> regions;      // one a dense triangle
  Eigen::Matrix<float, Eigen::Dynamic, 2, Eigen::RowMajor> uv;  // V x 2 in [0, 1], u right, v down

  int control_count() const { return int(neutral.rows()); }
  int identity_count() const { return int(identity.cols()); }
  int expression_count() const { return int(expression.cols()); }
};

// neutral + identity * id + expression * exp.
Vertices control_vertices(const FaceModel& model, const Eigen::VectorXf& id, const Eigen::VectorXf& exp);
Vertices dense_vertices(const FaceModel& model, const Vertices& control);

// Opening between the inner lips as it is seen from the front (landmark 62 above 66, never negative) over the
// width of the mouth (60 to 64), of control vertices in head coordinates. The depth of the lips differs from
// person to person and says nothing of the opening.
float lip_openness(const Vertices& control);

// safetensors with metadata kind = "face-model". Throws Error{model} on anything that does not fit.
FaceModel load_face_model(const std::filesystem::path& path);
void save_face_model(const FaceModel& model, const std::filesystem::path& path);

// The cage's hand-made part: names nothing but topology, extra points and how they follow the landmarks.
// `landmarks`: 68 x 3, cm. Bases given on the landmarks are carried over to the extra points smoothly.
FaceModel build_face_model(const Eigen::Matrix<float, 68, 3, Eigen::RowMajor>& landmarks,
                           const Eigen::MatrixXf& identity, const Eigen::MatrixXf& expression,
                           int speech_count);

std::vector<int> control_mirror();  // the control vertex that each becomes in a mirror

}  // namespace resyncer::mesh
