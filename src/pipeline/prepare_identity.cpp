#include <algorithm>

#include "pipeline/face_picture.h"
#include "prepare_groups.h"
#include "resyncer/core/error.h"
#include "resyncer/identity/recogniser.h"

namespace resyncer::pipeline {

namespace {

struct IdentityRows {
  std::vector<std::uint8_t> pictures;
  std::vector<std::int32_t> person, file;
};

void add_file(const SourceFile& source, const Analysis& analysis, int file, int most, IdentityRows* out) {
  for (const core::ImageU8& gray : face_pictures(source.path, analysis, most)) {
    out->pictures.insert(out->pictures.end(), gray.data.begin(), gray.data.end());
    out->person.push_back(source.speaker);
    out->file.push_back(file);
  }
}

}  // namespace

PrepareReport prepare_identity(const PrepareOptions& options, const IdentityOptions& settings,
                               const std::filesystem::path& out) {
  std::vector<SourceGroup> groups = list_groups(options);
  std::vector<IdentityRows> parts(groups.size());
  std::vector<int> first(groups.size(), 0);
  PrepareReport report;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    first[g] = int(report.files);
    report.files += groups[g].files.size();
  }
  GroupLoop loop(options, groups.size());
  loop.run(groups, [&](std::size_t g, Worker* worker) {
    const auto analyses = analyse_group(groups[g], options, &loop, worker);
    for (std::size_t k = 0; k < analyses.size(); ++k)
      if (analyses[k])
        add_file(groups[g].files[k], *analyses[k], first[g] + int(k), settings.frames_per_file, &parts[g]);
  });
  IdentityRows rows;
  for (IdentityRows& part : parts) {
    append(&rows.pictures, &part.pictures);
    append(&rows.person, &part.person);
    append(&rows.file, &part.file);
  }
  report.skipped = loop.skipped();
  report.rows = rows.person.size();
  if (rows.person.empty())
    throw core::Error(core::ErrorKind::input, "no usable face was found in any of the files");
  const auto n = std::int64_t(rows.person.size());
  core::TensorFileWriter writer;
  writer.set_meta("kind", "identity");
  writer.add("pictures", core::DType::u8, {n, identity::kFacePicture, identity::kFacePicture},
             rows.pictures.data());
  writer.add("person", core::DType::i32, {n}, rows.person.data());
  writer.add("file", core::DType::i32, {n}, rows.file.data());
  writer.write(out);
  return report;
}

}  // namespace resyncer::pipeline
