#include "cli/speakers.h"

#include "resyncer/core/error.h"

namespace resyncer::cli {

void add_speaker_options(CLI::App* command, SpeakerFlags* flags) {
  auto* turns =
      command
          ->add_option("--speaker", flags->turns,
                       "START-END:FACE:FILE: between these times this speech moves this face's mouth; "
                       "FACE: N, X,Y, L,T,R,B or none; repeatable")
          ->expected(1)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  auto* map = command->add_option("--speakers", flags->map, "The same from a file: TOML or JSON");
  for (const char* other : {"--face", "--face-at", "--face-box", "--speech-stem", "--drive", "--identity",
                            "--motion-in", "--motion-out", "--person", "--adapt"})
    for (CLI::Option* mine : {turns, map}) mine->excludes(command->get_option(other));
}

std::vector<pipeline::Speaker> read_speakers(const SpeakerFlags& flags,
                                             const pipeline::RenderOptions& others) {
  std::vector<pipeline::Speaker> turns;
  if (!flags.map.empty()) turns = pipeline::read_speaker_map(flags.map);
  for (const std::string& text : flags.turns) turns.push_back(pipeline::parse_speaker(text));
  if (turns.empty()) return turns;
  if (others.speech.empty())
    throw core::Error(core::ErrorKind::usage, "speakers need the sound that is heard", "",
                      "name the mix of all voices after -a");
  if (others.mouth.keep_source_offset)
    throw core::Error(core::ErrorKind::usage, "--offset-ms auto measures one speaker", "",
                      "name the milliseconds");
  pipeline::order_turns(&turns);
  return turns;
}

}  // namespace resyncer::cli
