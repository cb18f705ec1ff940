#include "cli/examples.h"

#include <map>

#include "cli/option_table.h"

namespace resyncer::cli {

namespace {

const std::map<std::string, std::vector<Example>> kExamples = {
    {"",
     {{"The same video with new words", "resyncer render talk.mp4 -a german.wav -o talk_de.mp4"},
      {"What is in a video: streams, shots, faces", "resyncer inspect talk.mp4"},
      {"Can this machine render?", "resyncer doctor"}}},
    {"render",
     {{"The same video with new words", "resyncer render talk.mp4 -a german.wav -o talk_de.mp4"},
      {"Learn this person for three minutes first",
       "resyncer render talk.mp4 -a german.wav -o talk_de.mp4 --adapt 3"},
      {"The second of two faces", "resyncer render two.mkv -a dub.flac -o out.mkv --face 1"},
      {"A quick look", "resyncer --profile draft render talk.mp4 -a german.wav -o draft.mp4"},
      {"Lossless, with the mask of what changed",
       "resyncer render talk.mov -a dub.wav -o out.mkv --video-codec ffv1 --mask-out mask.mkv"},
      {"The mouth of somebody else's video", "resyncer render talk.mp4 --drive actor.mp4 -o out.mp4"},
      {"Somebody else's face", "resyncer render talk.mp4 --identity person.jpg -o out.mp4"}}},
    {"inspect",
     {{"As a table", "resyncer inspect talk.mp4"}, {"For a program", "resyncer inspect talk.mp4 --json"}}},
    {"models", {{"Are the weights the right ones?", "resyncer models verify"}}},
    {"models verify", {{"Another folder", "resyncer models verify --models weights"}}},
    {"models list", {{"What there is", "resyncer models list"}}},
    {"personalize",
     {{"Learn for three minutes", "resyncer personalize talk.mp4 -o anna.safetensors --minutes 3"},
      {"Paint with it", "resyncer render talk.mp4 -a new.wav -o out.mp4 --person anna.safetensors"}}},
    {"style extract", {{"Of one person's clips", "resyncer style extract a.mp4 b.mp4 -o anna.style"}}},
    {"style list", {{"The gallery", "resyncer style list"}}},
    {"eval",
     {{"Measure a result, with a page to look at",
       "resyncer eval talk_de.mp4 -a german.wav --source talk.mp4 --html report.html"},
      {"Fail in a pipeline when it got worse",
       "resyncer eval talk_de.mp4 -a german.wav --source talk.mp4 --fail-above seam_ratio=1.2"}}},
    {"eval sync", {{"Do lips and sound go together?", "resyncer eval sync talk_de.mp4"}}},
    {"compare",
     {{"Two versions of one result", "resyncer compare old.mp4 new.mp4 --fail-below worst_psnr=45"}}},
    {"bench", {{"On this machine", "resyncer bench talk.mp4 german.wav"}}},
    {"config show",
     {{"All that is set", "resyncer config show"},
      {"Every option of a command", "resyncer config show render"},
      {"What a profile would do", "resyncer --profile archive config show render"}}},
    {"config path", {{"Where the files are", "resyncer config path"}}},
    {"doctor", {{"As a table", "resyncer doctor"}, {"For a program", "resyncer doctor --json"}}},
    {"completion bash",
     {{"For this shell", "source <(resyncer completion bash)"},
      {"For good", "resyncer completion bash > ~/.local/share/bash-completion/completions/resyncer"}}},
    {"completion zsh", {{"Into a folder of $fpath", "resyncer completion zsh > ~/.zfunc/_resyncer"}}},
    {"completion fish",
     {{"For good", "resyncer completion fish > ~/.config/fish/completions/resyncer.fish"}}},
    {"man", {{"Read a page", "resyncer man render | man -l -"}}},
};

}  // namespace

std::vector<Example> examples_of(const std::string& command) {
  const auto found = kExamples.find(command);
  return found == kExamples.end() ? std::vector<Example>{} : found->second;
}

void add_examples(CLI::App* root) {
  std::string text;
  for (const Example& example : examples_of(full_name(*root)))
    text += (text.empty() ? "Examples:\n" : "\n") + ("  # " + example.what) + "\n  " + example.line;
  if (!text.empty()) root->footer(text);
  for (CLI::App* inner : root->get_subcommands([](CLI::App*) { return true; })) add_examples(inner);
}

}  // namespace resyncer::cli
