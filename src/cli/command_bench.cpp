#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "cli/command.h"
#include "resyncer/core/temporary_folder.h"
#include "resyncer/generator/rewired_generator.h"
#include "resyncer/pipeline/render.h"

namespace resyncer::cli {

namespace {

namespace fs = std::filesystem;

struct BenchFlags {
  fs::path video, speech;
  int threads = 0;
};

void print_report(const char* title, const pipeline::RenderReport& report) {
  std::printf("\n%s: %lld frames in %.2f s = %.1f frames/s, peak %.0f MB\n", title,
              static_cast<long long>(report.frames), report.wall_seconds,
              double(report.frames) / std::max(1e-9, report.wall_seconds),
              double(report.peak_memory_bytes) / 1e6);
  std::printf("| stage | ms a frame (summed over threads) | frames |\n| --- | --: | --: |\n");
  for (const auto& [name, time] : report.stages)
    std::printf("| %s | %.2f | %lld |\n", name.c_str(),
                time.frames > 0 ? 1000 * time.seconds / double(time.frames) : 0.0,
                static_cast<long long>(time.frames));
}

double generator_milliseconds(const fs::path& weights, generator::Precision precision, int threads) {
  generator::prepare_process(threads);
  generator::keep_freed_memory();
  generator::GeneratorOptions options;
  options.precision = precision;
  generator::RewiredGenerator network(weights, options);
  generator::Guidance guidance;
  guidance.side = network.side();
  guidance.planes = core::ImageF(network.side(), network.side(), generator::kGuidancePlanes, 0.5F);
  generator::Painting painting;
  std::vector<double> times;
  for (int i = 0; i < 25; ++i) {
    auto start = std::chrono::steady_clock::now();
    network.paint(guidance, &painting);
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(times.begin(), times.begin() + 12, times.end());
  return times[12];
}

void run_bench(const BenchFlags& flags, const GlobalOptions& global) {
  pipeline::ModelSet models = pipeline::find_models(global.models_folder());
  core::TemporaryFolder scratch;
  pipeline::RenderOptions options;
  options.input = flags.video;
  options.speech = flags.speech;
  options.output = scratch.path() / ("result" + flags.video.extension().string());
  options.cache_folder = scratch.path() / "cache";
  options.threads = flags.threads;
  auto quiet = [](const pipeline::JobProgress&) {};
  print_report("cold", pipeline::render(options, models, quiet));
  print_report("analysis cached", pipeline::render(options, models, quiet));

  std::printf(
      "\n| generator, one frame at 256 x 256 | 1 thread, ms | 2 threads, ms |\n| --- | --: | --: |\n");
  const auto& weights = models.get("generator").file;
  for (auto [name, precision] :
       {std::pair{"bf16", generator::Precision::bf16}, {"fp32", generator::Precision::fp32}})
    std::printf("| %s | %.1f | %.1f |\n", name, generator_milliseconds(weights, precision, 1),
                generator_milliseconds(weights, precision, 2));
}

}  // namespace

void add_bench(CLI::App* app, GlobalOptions* global, Run* run) {
  auto flags = std::make_shared<BenchFlags>();
  CLI::App* command =
      app->add_subcommand("bench", "Time a render by stage, from cold and with the analysis cached");
  command->add_option("video", flags->video, "Video with a face")->required();
  command->add_option("speech", flags->speech, "Speech")->required();
  command->add_option("--threads", flags->threads, "Frames in work at once (default: cores)");
  command->callback([=] { *run = [=] { run_bench(*flags, *global); }; });
}

}  // namespace resyncer::cli
