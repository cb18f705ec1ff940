// Videos and faces for the tests of this folder, made on the spot.
#pragma once

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include "resyncer/media/video_reader.h"
#include "resyncer/pipeline/analysis.h"

namespace resyncer::pipeline::testing {

inline std::filesystem::path portrait() {
  return std::filesystem::path(RESYNCER_SOURCE_DIR) / "tests/data/astronaut.png";
}

// Gray YUV4MPEG2 at 25 fps: the portrait, moved by `step` px to the right from frame to frame.
inline void write_moving_portrait(const std::filesystem::path& path, int frames, int step) {
  media::VideoReader reader(portrait());
  core::ImageU8 gray;
  media::to_gray(*reader.read(), reader.upright_from_stored(), 1.F, &gray);
  std::ofstream out(path, std::ios::binary);
  out << "YUV4MPEG2 W" << gray.width << " H" << gray.height << " F25:1 Ip A1:1 C420jpeg\n";
  std::string line(std::size_t(gray.width), '\0');
  std::string chroma(std::size_t(gray.width / 2) * std::size_t(gray.height / 2) * 2, char(128));
  for (int f = 0; f < frames; ++f) {
    out << "FRAME\n";
    for (int y = 0; y < gray.height; ++y) {
      for (int x = 0; x < gray.width; ++x) line[std::size_t(x)] = char(gray.at(std::max(0, x - f * step), y));
      out << line;
    }
    out << chroma;
  }
}

// A schematic frontal face, `unit` px between the outer corners of the eyes, its mouth open by `open` units.
inline core::Landmarks schematic_face(core::Point2 centre, float unit, float open) {
  core::Landmarks p;
  auto at = [&](float x, float y) { return core::Point2(centre.x() + unit * x, centre.y() + unit * y); };
  for (int i = 0; i < 17; ++i) {
    float a = float(i) / 16 * 3.14159F;
    p[std::size_t(i)] = at(-0.8F * std::cos(a), -0.1F + 1.3F * std::sin(a));
  }
  for (int i = 0; i < 10; ++i) p[std::size_t(17 + i)] = at(-0.6F + 1.2F * float(i) / 9, -0.2F);
  for (int i = 0; i < 4; ++i) p[std::size_t(27 + i)] = at(0, 0.15F * float(i));
  for (int i = 0; i < 5; ++i) p[std::size_t(31 + i)] = at(-0.15F + 0.075F * float(i), 0.5F);
  for (int i = 0; i < 6; ++i) {
    float a = float(i) / 6 * 6.28318F;
    p[std::size_t(36 + i)] = at(-0.35F - 0.15F * std::cos(a), 0.05F * std::sin(a));
    p[std::size_t(42 + i)] = at(0.35F - 0.15F * std::cos(a), 0.05F * std::sin(a));
  }
  for (int i = 0; i < 12; ++i) {
    float a = float(i) / 12 * 6.28318F;
    p[std::size_t(48 + i)] = at(-0.3F * std::cos(a), 0.8F - (0.08F + 0.5F * open) * std::sin(a));
  }
  for (int i = 0; i < 8; ++i) {
    float a = float(i) / 8 * 6.28318F;
    p[std::size_t(60 + i)] = at(-0.22F * std::cos(a), 0.8F - (0.01F + 0.5F * open) * std::sin(a));
  }
  p[45] = at(0.5F, 0);  // outer corner
  return p;
}

// Two shots of one schematic face without any video behind it.
inline Analysis schematic_analysis() {
  Analysis a;
  a.width = 320;
  a.height = 240;
  a.time_base = {1, 1000};
  for (int i = 0; i < 10; ++i) a.pts.push_back(40 * i + 7);
  a.tracks.frame_count = 10;
  a.tracks.shot_starts = {0, 6};
  for (int s = 0; s < 2; ++s) {
    track::FaceTrack face;
    face.id = s;
    face.shot = s;
    face.first_frame = s == 0 ? 1 : 6;
    for (int i = 0; i < 4; ++i) {
      core::FaceObservation seen;
      seen.landmarks = schematic_face({150.F + float(i), 100}, 60, 0.02F * float(i));
      seen.box = {100, 60, 200, 180};
      seen.score = 0.5F + 0.1F * float(i);
      face.frames.push_back(i == 2 ? std::nullopt : std::optional(seen));
      face.raw.push_back(i == 2 ? std::nullopt : std::optional(seen));
    }
    face.covered = {0, 0.25F, 0, 0.5F + 0.1F * float(s)};
    a.tracks.tracks.push_back(std::move(face));
  }
  BankFrame entry;
  entry.frame = 3;
  entry.landmarks = schematic_face({150, 100}, 60, 0.1F);
  entry.sharpness = 0.25F;
  entry.image = core::ImageU8(5, 4, 3);
  for (std::size_t i = 0; i < entry.image.data.size(); ++i) entry.image.data[i] = std::uint8_t(7 * i);
  entry.origin = {12, -3};
  entry.scale = 0.5F;
  a.bank.push_back(std::move(entry));
  return a;
}

}  // namespace resyncer::pipeline::testing
