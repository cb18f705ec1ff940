#include <nlohmann/json.hpp>

#include "resyncer/pipeline/render.h"

namespace resyncer::pipeline {

std::string stats_json(const RenderOptions& options, const ModelSet& models, const RenderReport& report) {
  nlohmann::json stages = nlohmann::json::object();
  for (const auto& [name, time] : report.stages)
    stages[name] = {
        {"frames", time.frames},
        {"milliseconds_a_frame", time.frames > 0 ? 1000 * time.seconds / double(time.frames) : 0.0}};
  nlohmann::json used = nlohmann::json::array();
  for (const auto& entry : models.entries)
    used.push_back({{"id", entry.id}, {"version", entry.version}, {"sha256", entry.sha256}});
  nlohmann::json kept = nlohmann::json::array();
  for (const KeptRange& range : report.kept)
    kept.push_back({{"start", range.time.start}, {"end", range.time.end}, {"why", name_of(range.why)}});
  nlohmann::json json = {
      {"input", options.input.string()},
      {"speech", options.speech.string()},
      {"speech_stem", options.speech_stem.string()},
      {"output", options.output.string()},
      {"length", name_of(options.length)},
      {"silence", options.silence == Silence::rest ? "rest" : "source"},
      {"renderer", options.renderer == Renderer::network ? "network" : "warp"},
      {"frames", report.frames},
      {"repainted_frames", report.repainted_frames},
      {"kept", kept},
      {"resumed_frames", report.resumed_frames},
      {"wall_seconds", report.wall_seconds},
      {"frames_a_second", report.wall_seconds > 0 ? double(report.frames) / report.wall_seconds : 0.0},
      {"analysis_cached", report.analysis_cached},
      {"person", options.person.string()},
      {"identity", options.identity.string()},
      {"adapt_minutes", options.adapt_minutes},
      {"adaptation_seconds", report.adaptation_seconds},
      {"person_cached", report.person_cached},
      {"reprojection_error", report.reprojection_error},
      {"speech_stream", report.audio_action},
      {"precision", report.precision},
      {"source_offset_ms", report.source_offset_ms ? nlohmann::json(*report.source_offset_ms) : nullptr},
      {"peak_memory_bytes", report.peak_memory_bytes},
      {"version", RESYNCER_VERSION},
      {"stages", stages},
      {"models", used}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace resyncer::pipeline
