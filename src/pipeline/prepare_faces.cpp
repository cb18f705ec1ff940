#include <algorithm>
#include <cmath>

#include "face_rows.h"
#include "prepare_groups.h"
#include "resyncer/core/error.h"
#include "resyncer/media/video_reader.h"

namespace resyncer::pipeline {

namespace {

// Seconds between the files of a group on its time axis: frames of two files, and two photographs, are never
// "the same moment".
constexpr double kFilesApart = 1000;

void add_file(const FittedFile& file, int clip, double start, const FacesOptions& options,
              const mesh::FaceModel& model, RowMaker* maker, FaceRows* out) {
  std::vector<Eigen::VectorXf> mouths(file.face.frames.size());
  for (std::size_t i = 0; i < mouths.size(); ++i)
    if (file.face.frames[i]) mouths[i] = file.face.frames[i]->expression.head(model.speech_count);
  std::vector<int> chosen = choose_diverse(
      mouths, well_fitted(file.analysis, file.face, model, options.max_error), options.frames_per_file);
  if (chosen.empty()) return;
  media::ReaderOptions reading;
  reading.threads = 1;
  media::VideoReader reader(file.file->path, reading);
  std::size_t next = 0;
  for (int frame = 0; next < chosen.size(); ++frame) {
    std::optional<media::VideoFrame> picture = reader.read();
    if (!picture) break;
    if (frame != chosen[next]) continue;
    maker->add(file.analysis, file.face, frame, clip, start, *picture, reader.upright_from_stored(), out);
    ++next;
  }
}

}  // namespace

std::vector<int> choose_diverse(const std::vector<Eigen::VectorXf>& rows, const std::vector<int>& candidates,
                                int count) {
  if (std::size_t(std::max(0, count)) >= candidates.size()) return candidates;
  if (count <= 0) return {};
  Eigen::VectorXf mean = Eigen::VectorXf::Zero(rows[std::size_t(candidates.front())].size());
  for (int i : candidates) mean += rows[std::size_t(i)];
  mean /= float(candidates.size());
  auto first = std::min_element(candidates.begin(), candidates.end(), [&](int a, int b) {
    return (rows[std::size_t(a)] - mean).squaredNorm() < (rows[std::size_t(b)] - mean).squaredNorm();
  });
  std::vector<int> chosen{*first};
  std::vector<float> away(candidates.size(), INFINITY);  // squared distance from the nearest chosen one
  while (chosen.size() < std::size_t(count)) {
    for (std::size_t k = 0; k < candidates.size(); ++k) {
      const auto& row = rows[std::size_t(candidates[k])];
      away[k] = std::min(away[k], (row - rows[std::size_t(chosen.back())]).squaredNorm());
      if (candidates[k] == chosen.back()) away[k] = -1;  // never again, even where all rows are equal
    }
    chosen.push_back(candidates[std::size_t(std::max_element(away.begin(), away.end()) - away.begin())]);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

PrepareReport prepare_faces(const PrepareOptions& options, const FacesOptions& faces,
                            const mesh::FaceModel& model, const std::string& model_version,
                            const std::filesystem::path& out) {
  std::vector<SourceGroup> groups = list_groups(options);
  std::vector<FaceRows> parts(groups.size());
  std::vector<float> errors(groups.size(), 0);
  GroupLoop loop(options, groups.size());
  loop.run(groups, [&](std::size_t g, Worker* worker) {
    RowMaker maker(model, faces.side);
    double start = 0;
    Eigen::VectorXf identity;
    for (const FittedFile& file : fit_group(groups[g], options, model, &loop, worker)) {
      errors[g] = file.face.reprojection_error;
      add_file(file, int(g), start, faces, model, &maker, &parts[g]);
      start += kFilesApart;
      identity = file.face.identity;  // one for all files of a group
    }
    if (identity.size() > 0) maker.align_with_each_other(identity, &parts[g]);
  });
  PrepareReport report;
  FaceRows rows;
  std::size_t used = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    report.files += groups[g].files.size();
    if (parts[g].clip.empty()) continue;
    report.mean_error += double(errors[g]);
    ++used;
    take(&parts[g], &rows);
  }
  report.skipped = loop.skipped();
  report.rows = rows.clip.size();
  if (used == 0) throw core::Error(core::ErrorKind::input, "no usable face was found in any of the files");
  report.mean_error /= double(used);
  faces_file(std::move(rows), faces.side, model, model_version).write(out);
  return report;
}

}  // namespace resyncer::pipeline
