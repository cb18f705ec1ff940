#include "deinterlacer.h"

extern "C" {
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
}

#include <cstdio>

namespace resyncer::media {

namespace {
using core::ErrorKind;

AVFilterContext* add(AVFilterGraph* graph, const char* filter, const char* name,
                     const std::string& arguments) {
  AVFilterContext* context = nullptr;
  int result = avfilter_graph_create_filter(&context, avfilter_get_by_name(filter), name, arguments.c_str(),
                                            nullptr, graph);
  if (result < 0)
    fail(ErrorKind::internal, result, std::string("the filter ") + name + " cannot be set up", "");
  return context;
}
}  // namespace

void Deinterlacer::ReleaseGraph::operator()(AVFilterGraph* graph) const { avfilter_graph_free(&graph); }

Deinterlacer::Deinterlacer(const AVFrame& like, bool top_first, int threads)
    : graph_(avfilter_graph_alloc()), top_first_(top_first) {
  if (!graph_) throw core::Error(ErrorKind::memory, "out of memory");
  graph_->nb_threads = threads;
  const std::string format = av_get_pix_fmt_name(AVPixelFormat(like.format));
  source_ = add(graph_.get(), "buffer", "in",
                "video_size=" + std::to_string(like.width) + "x" + std::to_string(like.height) +
                    ":pix_fmt=" + format + ":time_base=1/1");
  AVFilterContext* fields = add(graph_.get(), "bwdif", "fields", "mode=send_frame:parity=auto:deint=all");
  // Where the filter wants the samples in other planes, they are laid back behind it.
  AVFilterContext* back = add(graph_.get(), "format", "back", "pix_fmts=" + format);
  sink_ = add(graph_.get(), "buffersink", "out", "");
  AVFilterContext* chain[] = {source_, fields, back, sink_};
  int result = 0;
  for (int i = 0; i < 3 && result >= 0; ++i) result = avfilter_link(chain[i], 0, chain[i + 1], 0);
  if (result >= 0) result = avfilter_graph_config(graph_.get(), nullptr);
  if (result < 0) fail(ErrorKind::internal, result, "the deinterlacer cannot be set up", "");
}

Deinterlacer::~Deinterlacer() = default;

void Deinterlacer::push(Frame frame) {
  if (frame) {
    times_.push_back({frame->pts, frame->pkt_duration});
    if (frame->interlaced_frame == 0) frame->top_field_first = top_first_ ? 1 : 0;
    frame->interlaced_frame = 1;
    frame->pts = pushed_++;  // the true ones come back below
  }
  int result = av_buffersrc_add_frame(source_, frame.get());
  if (result < 0) fail(ErrorKind::internal, result, "a picture cannot be deinterlaced", "");
}

Frame Deinterlacer::pull() {
  Frame frame = make_frame();
  int result = av_buffersink_get_frame(sink_, frame.get());
  if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return nullptr;
  if (result < 0) fail(ErrorKind::internal, result, "a picture cannot be deinterlaced", "");
  if (times_.empty()) throw core::Error(ErrorKind::internal, "the deinterlacer made a picture of its own");
  frame->pts = times_.front().pts;
  frame->pkt_duration = times_.front().duration;
  times_.pop_front();
  frame->interlaced_frame = frame->top_field_first = 0;
  return frame;
}

}  // namespace resyncer::media
