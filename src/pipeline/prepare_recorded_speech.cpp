#include "phone_times.h"
#include "prepare_groups.h"
#include "resyncer/core/error.h"
#include "resyncer/media/audio_reader.h"
#include "resyncer/pipeline/prepare_speech.h"
#include "resyncer/speech/features.h"
#include "speech_rows.h"

namespace resyncer::pipeline {

namespace {
struct Recording {
  core::FeatureSequence mel;
  std::vector<std::uint8_t> labels;
  int voice = 0;
};
}  // namespace

SpeechDataReport prepare_recorded_speech(const PrepareOptions& options, const std::filesystem::path& out) {
  const bool labelled = !options.phones.empty();
  const PhoneTimes phones = labelled ? read_phones(options.phones) : PhoneTimes();
  std::vector<SourceGroup> groups = list_groups(options);
  std::vector<std::vector<Recording>> parts(groups.size());
  GroupLoop loop(options, groups.size());
  loop.run(groups, [&](std::size_t g, Worker*) {
    for (const SourceFile& file : groups[g].files) {
      const auto own = phones.find(file.path.stem().string());
      if (labelled && (own == phones.end() || own->second.empty())) {
        loop.skip(file.path.string() + " is skipped: it has no phoneme times");
        continue;
      }
      Recording recording{speech::mel_spectrogram(media::read_audio(file.path)), {}, file.speaker};
      if (labelled) recording.labels = articulation_labels(own->second, std::size_t(recording.mel.frames));
      parts[g].push_back(std::move(recording));
    }
  });
  SpeechRows rows;
  for (const auto& part : parts)
    for (const Recording& recording : part)
      if (recording.mel.frames > 0) add_clip(recording.mel, recording.labels, recording.voice, &rows);
  if (rows.voice.empty())
    throw core::Error(core::ErrorKind::input,
                      labelled ? "no file has both sound and phoneme times" : "no file has sound");
  write_speech(rows, {}, out);
  SpeechDataReport report = count(rows);
  report.skipped = loop.skipped();
  return report;
}

}  // namespace resyncer::pipeline
