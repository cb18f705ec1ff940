// One whole picture for each pair of fields (FFmpeg's bwdif: Weston's three-field filter of the BBC, with
// w3fdif's and yadif's parts). As many pictures come out as went in, at the same times, one later.
#pragma once

#include <deque>
#include <memory>

#include "libav.h"

struct AVFilterContext;
struct AVFilterGraph;

namespace resyncer::media {

class Deinterlacer {
 public:
  // Set up for pictures like this one. `top_first`: of pictures that do not say it themselves. Throws
  // Error{internal, memory}.
  Deinterlacer(const AVFrame& like, bool top_first, int threads);
  ~Deinterlacer();
  Deinterlacer(const Deinterlacer&) = delete;
  Deinterlacer& operator=(const Deinterlacer&) = delete;

  void push(Frame frame);  // null: there are no more
  Frame pull();            // null: more must be pushed, or nothing is left

 private:
  struct Time {
    std::int64_t pts, duration;
  };
  struct ReleaseGraph {
    void operator()(AVFilterGraph* graph) const;
  };

  std::unique_ptr<AVFilterGraph, ReleaseGraph> graph_;
  AVFilterContext *source_ = nullptr, *sink_ = nullptr;  // of the graph
  bool top_first_;
  std::deque<Time> times_;  // of the pictures inside
  std::int64_t pushed_ = 0;
};

}  // namespace resyncer::media
