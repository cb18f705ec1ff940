#include <Eigen/QR>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>

#include "resyncer/core/error.h"
#include "resyncer/core/output_file.h"
#include "resyncer/motion/motion_file.h"

namespace resyncer::motion {

namespace {

constexpr char kMagic[12] = "POINTCACHE2";
constexpr std::size_t kHeader = 32, kVerticesAt = 16, kSamplesAt = 28;
constexpr float kMostCoordinate = 100;  // cm; a head ends long before
constexpr double kOtherFace = 1;        // cm

mesh::Vertices face_at_rest(const mesh::FaceModel& model, const Eigen::VectorXf& identity) {
  return mesh::control_vertices(model, identity, Eigen::VectorXf::Zero(model.expression_count()));
}

void close(std::ofstream* stream, core::OutputFile* file) {
  stream->close();
  if (!*stream)
    throw core::Error(core::ErrorKind::output, "writing failed", file->target().string(),
                      "is the disk full?");
  file->commit();
}

void write_obj(const std::filesystem::path& path, const mesh::FaceModel& model, const mesh::Vertices& face) {
  core::OutputFile file(path);
  std::ofstream stream(file.temporary(), std::ios::binary);
  stream
      << "# resyncer: control vertices in head coordinates, cm; x to the subject's left, y up, z out of the "
         "face\no mouth\n";
  char line[96];
  for (Eigen::Index i = 0; i < face.rows(); ++i) {
    std::snprintf(line, sizeof line, "v %.9g %.9g %.9g\n", double(face(i, 0)), double(face(i, 1)),
                  double(face(i, 2)));
    stream << line;
  }
  // Every round of subdivision makes four triangles of one, in their order.
  const std::size_t parts = model.triangles.size() / model.cage.size();
  for (std::size_t t = 0; t < model.cage.size(); ++t) {
    if (model.regions[t * parts] == mesh::Region::mouth) continue;
    const auto& [a, b, c] = model.cage[t];
    stream << "f " << a + 1 << ' ' << b + 1 << ' ' << c + 1 << '\n';
  }
  close(&stream, &file);
}

template <typename T>
T little_endian(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

}  // namespace

void write_point_cache(const std::filesystem::path& path, const mesh::FaceModel& model,
                       const Eigen::VectorXf& identity, const Coefficients& expression) {
  core::OutputFile file(path);
  std::ofstream stream(file.temporary(), std::ios::binary);
  const std::int32_t version = 1, vertices = model.control_count(), samples = std::int32_t(expression.rows());
  const std::array<float, 2> start_and_step{0, 1};
  auto put = [&](const void* data, std::size_t bytes) {
    stream.write(static_cast<const char*>(data), std::streamsize(bytes));
  };
  put(kMagic, sizeof kMagic);
  put(&version, 4);
  put(&vertices, 4);
  put(start_and_step.data(), 8);
  put(&samples, 4);
  Eigen::VectorXf whole = Eigen::VectorXf::Zero(model.expression_count());
  for (Eigen::Index i = 0; i < expression.rows(); ++i) {
    whole.head(expression.cols()) = expression.row(i).transpose();
    const mesh::Vertices control = mesh::control_vertices(model, identity, whole);
    put(control.data(), sizeof(float) * std::size_t(control.size()));
  }
  close(&stream, &file);
  write_obj(std::filesystem::path(path).replace_extension(".obj"), model, face_at_rest(model, identity));
}

PointCacheMotion read_point_cache(const std::filesystem::path& path, const mesh::FaceModel& model,
                                  const Eigen::VectorXf& identity, Eigen::Index rows) {
  auto refuse = [&](const std::string& what) {
    throw core::Error(core::ErrorKind::input, "The motion cannot be used: " + what, path.string(),
                      "take a file of render --motion-out for this video and speech");
  };
  std::error_code code;
  const auto bytes = std::filesystem::file_size(path, code);
  std::ifstream stream(path, std::ios::binary);
  std::array<char, kHeader> header{};
  if (code || !stream.read(header.data(), kHeader)) refuse("the file cannot be read, or is no point cache");
  if (std::memcmp(header.data(), kMagic, sizeof kMagic) != 0) refuse("it is no point cache");
  const auto vertices = little_endian<std::int32_t>(header.data() + kVerticesAt);
  const auto samples = little_endian<std::int32_t>(header.data() + kSamplesAt);
  if (vertices != model.control_count())
    refuse("it has " + std::to_string(vertices) + " vertices, the face " +
           std::to_string(model.control_count()));
  if (samples != rows)
    refuse("it has " + std::to_string(samples) + " samples, the video " + std::to_string(rows) + " frames");
  const std::size_t row_bytes = sizeof(float) * 3 * std::size_t(vertices);
  if (bytes != kHeader + row_bytes * std::uintmax_t(rows)) refuse("its size is not what it says");

  const Eigen::MatrixXd basis = model.expression.leftCols(model.speech_count).cast<double>();
  const Eigen::MatrixXd inverse = basis.completeOrthogonalDecomposition().pseudoInverse();
  const mesh::Vertices neutral = face_at_rest(model, identity);
  const Eigen::VectorXd at_rest =
      Eigen::Map<const Eigen::VectorXf>(neutral.data(), neutral.size()).cast<double>();
  PointCacheMotion out;
  out.expression.resize(rows, model.speech_count);
  Eigen::VectorXf row(neutral.size());
  for (Eigen::Index i = 0; i < rows; ++i) {
    const std::string place = "sample " + std::to_string(i);
    if (!stream.read(reinterpret_cast<char*>(row.data()), std::streamsize(row_bytes)))
      refuse("it ends in " + place);
    if (!row.allFinite() || row.cwiseAbs().maxCoeff() > kMostCoordinate)
      refuse(place + " holds coordinates that are no face");
    const Eigen::VectorXd moved = row.cast<double>() - at_rest;
    const Eigen::VectorXd mouth = inverse * moved;
    const Eigen::VectorXd left = moved - basis * mouth;
    if (left.squaredNorm() > kOtherFace * kOtherFace * double(vertices) ||
        mouth.cwiseAbs().maxCoeff() > double(kMostCoefficient))
      refuse(place + " is not of this face, or not in head coordinates");
    out.misfit = std::max(
        out.misfit, float(Eigen::Map<const Eigen::Matrix<double, 3, Eigen::Dynamic>>(left.data(), 3, vertices)
                              .colwise()
                              .norm()
                              .maxCoeff()));
    out.expression.row(i) = mouth.cast<float>().transpose();
  }
  return out;
}

}  // namespace resyncer::motion
