#include "pipeline/speaker_plan.h"

#include <algorithm>
#include <cstdio>

#include "pipeline/mouth_control.h"
#include "pipeline/mouth_plan.h"
#include "pipeline/speech_activity.h"
#include "resyncer/core/error.h"

namespace resyncer::pipeline {

namespace {

using core::Error;
using core::ErrorKind;
using Index = Eigen::Index;

constexpr double kWorthAWord = 0.15;  // s

// Those whose seed is one track are one person.
struct Person {
  int seed = 0;                // id of the track
  std::vector<Speaker> turns;  // by their start
};

std::string faces_there_are(const track::FaceTracks& tracks) {
  constexpr std::size_t kMost = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(kMost, tracks.tracks.size()); ++i)
    text += (i > 0 ? ", " : "") + std::to_string(tracks.tracks[i].id);
  if (tracks.tracks.size() > kMost) text += " and more";
  return text.empty() ? "there are none" : "there are " + text + "; resyncer inspect --thumbnails shows them";
}

std::vector<Person> persons_of(const Analysis& analysis, const std::vector<Speaker>& turns) {
  std::vector<Person> persons;
  for (const Speaker& turn : turns) {
    if (!turn.face) continue;  // a narrator moves nobody's lips
    const std::optional<int> seed = track::seed(analysis.tracks, *turn.face);
    if (!seed)
      throw Error(ErrorKind::face, "the video has no such face", turn.place,
                  faces_there_are(analysis.tracks));
    auto person =
        std::find_if(persons.begin(), persons.end(), [&](const Person& p) { return p.seed == *seed; });
    if (person == persons.end()) person = persons.insert(persons.end(), {*seed, {}});
    person->turns.push_back(turn);
    person->turns.back().face->index = *seed;  // by a point or by its number: one face
    person->turns.back().face->point.reset();
    person->turns.back().face->box.reset();
  }
  for (Person& person : persons) order_turns(&person.turns);
  return persons;
}

// Output frames whose middle lies in the turn.
struct FrameSpan {
  Index first = 0, count = 0;
};

FrameSpan frames_of(const TimeRange& range, const std::vector<double>& times) {
  const auto first = std::lower_bound(times.begin(), times.end(), range.start),
             end = std::lower_bound(first, times.end(), range.end);
  return {first - times.begin(), end - first};
}

void note(std::vector<std::string>* notes, const Speaker& turn, const char* form, double seconds) {
  char text[160];
  std::snprintf(text, sizeof text, form, seconds);
  notes->push_back(turn.place + ": " + text);
}

// What is new in the frames of one person: the mouths, and how far they are seen.
class Mouths {
 public:
  Mouths(const PlanJob& job, const RenderPlan& plan)
      : job_(job),
        plan_(plan),
        times_(plan.timeline.middles()),
        face_(plan.faces.back().face),
        rest_(rest_pose(plan.model, face_, job.models.get("motion").file)),
        own_(style_window(plan.model, *job.analysis, face_)),
        rows_(rest_.mesh.transpose().replicate(Index(times_.size()), 1)),
        in_turn_(times_.size(), false),
        spoken_(times_.size(), job.options.silence == Silence::rest) {}

  void speak(const Speaker& turn) {
    auto* notes = &job_.report->notes;
    const double length = plan_.timeline.seconds();
    const FrameSpan span = frames_of(turn.range, times_);
    if (span.count == 0) return note(notes, turn, "no frame lies in it: the result lasts %.2f s", length);
    if (turn.range.end > length + kWorthAWord)
      note(notes, turn, "ends after the result, which lasts %.2f s", length);
    const std::vector<double> times(times_.begin() + span.first, times_.begin() + span.first + span.count);
    const motion::MotionTrack track = motion_of(job_, turn.speech, {plan_.model, own_, rest_});
    const double left_out =
        double(track.expression.rows()) / track.rate - (turn.range.end - turn.range.start);
    if (left_out > kWorthAWord)
      note(notes, turn, "the last %.2f s of its speech move no lips: the turn ends before", left_out);
    rows_.middleRows(span.first, span.count) =
        mouths_of_frames(job_.options.mouth,
                         {plan_.model, job_.models.get("face-model").sha256, face_.identity, times,
                          mean_rate(times_), turn.range.start},
                         track, rest_.mesh, notes);
    std::fill_n(in_turn_.begin() + span.first, span.count, true);
    if (job_.options.silence == Silence::source) hear(turn, span.first, times);
  }

  const motion::Coefficients& rows() const { return rows_; }
  std::vector<float> weights() const {
    const auto& shots = plan_.timeline.shot_starts;
    std::vector<bool> seen = in_turn_;
    for (std::size_t i = 0; i < seen.size(); ++i) seen[i] = seen[i] && spoken_[i];
    return least(range_weights(job_.options.mouth.ranges, times_, shots),
                 usability_weights(seen, shots, kFadeFrames));
  }

 private:
  void hear(const Speaker& turn, Index first, std::vector<double> times) {
    for (double& t : times) t -= turn.range.start + double(job_.options.mouth.offset_ms.at(t)) / 1000;
    const std::vector<bool> near = near_speech(turn.speech, times);
    std::copy(near.begin(), near.end(), spoken_.begin() + first);
  }

  const PlanJob& job_;
  const RenderPlan& plan_;
  const std::vector<double> times_;
  const FittedFace& face_;
  const RestingMouth rest_;
  const motion::Coefficients own_;  // manner of speaking
  motion::Coefficients rows_;
  std::vector<bool> in_turn_, spoken_;
};

void tell_of_unseen(const RenderPlan& plan, const Person& person, std::vector<std::string>* notes) {
  const std::vector<double> times = plan.timeline.middles();
  const auto& tasks = plan.faces.back().tasks;
  for (const Speaker& turn : person.turns) {
    const FrameSpan span = frames_of(turn.range, times);
    const bool any = std::any_of(tasks.begin() + span.first, tasks.begin() + span.first + span.count,
                                 [](const FrameTask& task) { return task.params != nullptr; });
    if (span.count > 0 && !any)
      notes->push_back(turn.place +
                       ": this face is not seen in it, nothing is repainted; name the one that is");
  }
}

}  // namespace

void plan_speakers(const PlanJob& job, RenderPlan* plan) {
  const RenderOptions& options = job.options;
  const double seconds = job.info.is_still ? motion_seconds(options.speech) : sound_seconds(options.speech);
  plan->timeline = make_timeline(*job.analysis, job.info, options.length, seconds, &job.report->notes);
  const std::vector<Person> persons = persons_of(*job.analysis, options.speakers);
  std::vector<int> seeds;
  for (const Person& person : persons) seeds.push_back(person.seed);
  const auto tracks = track::choose_apart(job.analysis->tracks, seeds);
  for (std::size_t i = 0; i < persons.size(); ++i) {
    track::FaceChoice choice;
    choice.tracks = tracks[i];
    plan->faces.push_back(
        find_face(job, plan->model, choice, OtherPictures::kept, persons[i].turns.front().place));
    const auto start = SteadyClock::now();
    Mouths mouths(job, *plan);
    for (const Speaker& turn : persons[i].turns) mouths.speak(turn);
    plan_frames(plan->model, plan->timeline, mouths.rows(), mouths.weights(), &plan->faces.back());
    tell_of_unseen(*plan, persons[i], &job.report->notes);
    StageTime& stage = job.report->stages["motion"];
    stage.seconds += seconds_since(start);
    stage.frames += std::int64_t(plan->timeline.shown.size());
  }
  job.analysis->bank.clear();
}

}  // namespace resyncer::pipeline
