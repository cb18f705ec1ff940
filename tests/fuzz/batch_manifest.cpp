#include "fuzz/fuzz_input.h"
#include "resyncer/batch/job.h"

// The first byte chooses the format.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  if (size == 0) return 0;
  const auto format = batch::ManifestFormat(data[0] % 3);
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  return fuzz::read_or_refuse([&] {
    const std::vector<batch::Row> rows = batch::parse_manifest(text, format, "manifest");
    const std::vector<batch::Job> jobs = batch::make_jobs(rows, {"/none/in", "/none/out"});
    fuzz::require(!rows.empty() && jobs.size() == rows.size());
    for (const batch::Job& job : jobs) {
      fuzz::require(job.row >= 1 && std::size_t(job.row) <= rows.size());
      if (job.fault) continue;
      fuzz::require(job.video.is_absolute() && job.output.is_absolute());
      for (const std::string& argument : batch::row_arguments(job))
        fuzz::require(argument.find('\0') == std::string::npos);
    }
  });
}
