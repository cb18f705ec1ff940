#include "fuzz/fuzz_input.h"
#include "resyncer/pipeline/speakers.h"

// The first byte chooses the format: 0 TOML, 1 JSON, 2 a turn of the command line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  return fuzz::read_or_refuse([&] {
    std::vector<pipeline::Speaker> turns;
    if (data[0] % 3 == 2)
      turns.push_back(pipeline::parse_speaker(text));
    else
      turns = pipeline::parse_speaker_map(text, pipeline::SpeakerMapFormat(data[0] % 3), "in/map");
    pipeline::order_turns(&turns);
    double last = 0;
    for (const pipeline::Speaker& turn : turns) {
      fuzz::require(turn.range.start >= last && turn.range.end > turn.range.start && turn.range.end <= 1e6);
      fuzz::require(!turn.face || !turn.speech.empty());
      fuzz::require(turn.speech.native().find('\0') == std::string::npos);
      last = turn.range.start;
    }
  });
}
