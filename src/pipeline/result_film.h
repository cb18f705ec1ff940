// The moments of a result that a person should look at: evenly spread ones and the worst.
#pragma once

#include <string>
#include <vector>

#include "pipeline/result_footage.h"
#include "pipeline/worst_frames.h"

namespace resyncer::pipeline {

class ResultFilm {
 public:
  // `mouths`: after measure_mouths. `fault_title`: of the film with the frames of the greatest faults.
  ResultFilm(const ResultFootage& footage, const Report& mouths, std::string fault_title);

  struct Pictures {
    const media::VideoFrame* result = nullptr;
    const media::VideoFrame* source = nullptr;  // null = none
    const media::VideoFrame* real = nullptr;
  };
  // Every frame in order. `fault`: more = worse, NaN = none; `remark` says it in words.
  void see(std::int64_t frame, const Pictures& pictures, double fault, const std::string& remark);
  std::vector<Film> finish();

 private:
  struct Planned {
    std::int64_t frame = 0;
    std::size_t film = 0;
    std::string remark;
  };
  void plan(const std::string& title, const std::vector<std::int64_t>& frames,
            const std::vector<float>& values, const char* format);
  FilmColumn column(std::int64_t frame, const Pictures& pictures, const std::string& remark);
  core::ImageU8 face_picture(const Footage& seen_by, std::int64_t frame, const media::VideoFrame& picture);

  const ResultFootage& footage_;
  std::string fault_title_;
  std::vector<Film> films_;
  std::vector<Planned> planned_;
  WorstFrames worst_;
  core::ImageU8 scratch_;
};

}  // namespace resyncer::pipeline
