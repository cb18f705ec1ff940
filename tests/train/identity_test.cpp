#include "resyncer/train/identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <iterator>
#include <random>

#include "resyncer/core/tensor_file.h"
#include "support/scratch_folder.h"
#include "train/identity_dataset.h"

namespace resyncer::train {
namespace {

using testing::HasSubstr;

constexpr int kSide = 96;

struct Rows {
  std::vector<std::uint8_t> pictures;
  std::vector<std::int32_t> person, file;
};

// People are dark and bright spots in their places. Every file lays level stripes over them, which are as
// strong and say nothing of the person, and has its own brightness; every picture has noise.
Rows made_up_people(int people, int files, int pictures, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::normal_distribution<float> normal;
  auto spots = [&] {
    std::vector<float> face(std::size_t(kSide) * kSide);
    for (int k = 0; k < 6; ++k) {
      const float left = kSide * (0.5F + 0.35F * uniform(random)),
                  top = kSide * (0.5F + 0.35F * uniform(random));
      for (int y = 0; y < kSide; ++y)
        for (int x = 0; x < kSide; ++x)
          face[std::size_t(y * kSide + x)] +=
              (k % 2 == 0 ? 60 : -60) *
              std::exp(-(std::pow(float(x) - left, 2.F) + std::pow(float(y) - top, 2.F)) / 100);
    }
    return face;
  };
  auto add_stripes = [&](std::vector<float>* picture) {
    for (int k = 0; k < 4; ++k) {
      const float fast = 0.35F + 0.1F * uniform(random), phase = 3.14F * uniform(random);
      for (int y = 0; y < kSide; ++y)
        for (int x = 0; x < kSide; ++x)
          (*picture)[std::size_t(y * kSide + x)] += 12 * std::sin(fast * float(y) + phase);
    }
  };
  Rows rows;
  for (int p = 0; p < people; ++p) {
    const std::vector<float> face = spots();
    for (int f = 0; f < files; ++f) {
      std::vector<float> seen = face;
      add_stripes(&seen);
      const float brightness = 128 + 25 * uniform(random);
      for (int k = 0; k < pictures; ++k) {
        for (const float value : seen)
          rows.pictures.push_back(
              std::uint8_t(std::lround(std::clamp(brightness + value + 4 * normal(random), 0.F, 255.F))));
        rows.person.push_back(p);
        rows.file.push_back(p * files + f);
      }
    }
  }
  return rows;
}

// As pipeline/prepare.h lays it out.
void write(const std::filesystem::path& path, const Rows& rows, const std::string& kind = "identity") {
  const auto n = std::int64_t(rows.person.size());
  core::TensorFileWriter writer;
  writer.set_meta("kind", kind);
  writer.add("pictures", core::DType::u8, {n, kSide, kSide}, rows.pictures.data());
  writer.add("person", core::DType::i32, {n}, rows.person.data());
  writer.add("file", core::DType::i32, {n}, rows.file.data());
  writer.write(path);
}

std::vector<char> bytes_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class IdentityTraining : public testing::Test {
 protected:
  support::ScratchFolder folder;
  IdentityTrainOptions options;

  void SetUp() override {
    options.datasets = {folder / "train.safetensors"};
    options.output = folder / "identity.safetensors";
    options.batch = 8;
    options.width = 8;
    options.embedding = 16;
    options.dropout = 0;
  }

  std::string fault(core::ErrorKind kind) {
    try {
      train_identity(options);
    } catch (const core::Error& e) {
      EXPECT_EQ(e.kind(), kind) << e.what();
      return e.what();
    }
    return "";
  }
};

TEST_F(IdentityTraining, TellsPeopleNeverSeen) {
  write(options.datasets[0], made_up_people(24, 4, 1, 1));
  options.held_out = {folder / "held_out.safetensors"};
  write(options.held_out[0], made_up_people(10, 2, 2, 2));
  // What the same network says that has learned nothing.
  options.steps = 1;
  options.learning_rate = 0;
  const IdentityFigure untrained = train_identity(options).best;

  options.curve = folder / "curve.csv";
  options.steps = 40;
  options.report_every = options.evaluate_every = 20;
  options.warm_up = 5;
  options.learning_rate = 5e-3;
  options.average_decay = 0.9;
  std::vector<double> losses, ranked;
  options.progress = [&](const IdentityProgress& p) {
    losses.push_back(p.loss);
    ASSERT_NE(p.held_out, nullptr);
    ranked.push_back(p.held_out->ranked_right);
  };
  const IdentityTrainResult result = train_identity(options);
  EXPECT_EQ(result.step, 40);
  EXPECT_EQ(result.best.same, 10);               // a pair of files each
  EXPECT_EQ(result.best.different, 45 * 2 * 2);  // of every two people
  EXPECT_GT(result.best.ranked_right, 0.8);      // chance: 0.5
  EXPECT_GT(result.best.ranked_right, untrained.ranked_right + 0.1);
  EXPECT_LT(result.best.equal_error, untrained.equal_error);
  ASSERT_EQ(losses.size(), 2U);
  EXPECT_LT(losses.back(), losses.front());
  // The best is what was kept, and what was written is what was measured.
  EXPECT_EQ(result.best.ranked_right, *std::max_element(ranked.begin(), ranked.end()));
  const IdentityFigure measured = measure_identity(options.output, options.held_out);
  EXPECT_EQ(measured.ranked_right, result.best.ranked_right);
  EXPECT_EQ(measured.equal_error, result.best.equal_error);
  EXPECT_EQ(measured.threshold, result.best.threshold);
  EXPECT_EQ(measured.same, result.best.same);
  std::ifstream csv(options.curve);
  std::string line;
  int lines = 0;
  while (std::getline(csv, line)) ++lines;
  EXPECT_EQ(lines, 1 + 2);
  for (const auto& item : std::filesystem::directory_iterator(folder.path()))
    EXPECT_EQ(item.path().filename().string().find("candidate"), std::string::npos);
}

// Where every person has one file, its halves are compared.
TEST_F(IdentityTraining, LearnsFromClipsOfPeopleNotKnown) {
  write(options.datasets[0], made_up_people(16, 1, 4, 1));
  options.held_out = {folder / "held_out.safetensors"};
  write(options.held_out[0], made_up_people(8, 1, 4, 2));
  options.left_out = 0.1;
  options.steps = options.evaluate_every = 16;
  options.report_every = 8;
  options.warm_up = 5;
  options.learning_rate = 5e-3;
  std::vector<double> losses;
  options.progress = [&](const IdentityProgress& p) { losses.push_back(p.loss); };
  const IdentityTrainResult result = train_identity(options);
  EXPECT_EQ(result.best.same, 8);
  EXPECT_EQ(result.best.different, 28 * 2 * 2);
  ASSERT_EQ(losses.size(), 2U);
  EXPECT_LT(losses.back(), losses.front());
}

// A network that gave every picture the same vector would rank nobody right.
TEST_F(IdentityTraining, FilesOfOnePersonRankAboveThoseOfTwoOnly) {
  Rows rows = made_up_people(4, 1, 2, 1);
  write(options.datasets[0], rows);
  options.steps = 1;
  train_identity(options);
  // Every person's two pictures as two files: nearly the same picture.
  rows.file = {0, 1, 2, 3, 4, 5, 6, 7};
  write(folder / "alike.safetensors", rows);
  const IdentityFigure alike = measure_identity(options.output, {folder / "alike.safetensors"});
  EXPECT_EQ(alike.same, 4);
  EXPECT_EQ(alike.different, 6 * 2 * 2);
  EXPECT_GT(alike.ranked_right, 0.95);
  EXPECT_LT(alike.equal_error, 0.2);
  // People shuffled, so that a person's files show two others.
  rows.person = {0, 1, 1, 2, 2, 3, 3, 0};
  write(folder / "shuffled.safetensors", rows);
  const IdentityFigure shuffled = measure_identity(options.output, {folder / "shuffled.safetensors"});
  EXPECT_LT(shuffled.ranked_right, 0.7);
  EXPECT_GT(shuffled.equal_error, 0.2);
  rows.person.assign(8, 5), rows.pictures.assign(rows.pictures.size(), 90);
  rows.person[0] = 4;
  write(folder / "flat.safetensors", rows);
  EXPECT_EQ(measure_identity(options.output, {folder / "flat.safetensors"}).ranked_right, 0);
}

TEST_F(IdentityTraining, ResumedEqualsUninterrupted) {
  write(options.datasets[0], made_up_people(6, 2, 2, 1));
  options.batch = 4;
  options.dropout = 0.3;
  options.steps = 6;
  options.evaluate_every = 3;
  options.checkpoint = folder / "whole.checkpoint";
  const auto half = folder / "half.checkpoint";
  options.progress = [&](const IdentityProgress& p) {
    if (p.step == 6) std::filesystem::copy_file(options.checkpoint, half);  // still that of step 3
  };
  train_identity(options);
  const auto whole = bytes_of(options.output);

  options.checkpoint = half;
  options.output = folder / "parts.safetensors";
  options.resume = true;
  std::vector<std::int64_t> steps;
  options.progress = [&](const IdentityProgress& p) { steps.push_back(p.step); };
  EXPECT_EQ(train_identity(options).step, 6);
  EXPECT_EQ(steps, (std::vector<std::int64_t>{6}));
  EXPECT_TRUE(bytes_of(options.output) == whole);
  options.learning_rate *= 2;  // other settings are another training
  EXPECT_NE(fault(core::ErrorKind::model), "");
}

TEST_F(IdentityTraining, BadDatasetsAreRefused) {
  EXPECT_THAT(fault(core::ErrorKind::input), HasSubstr("train.safetensors"));
  write(options.datasets[0], made_up_people(4, 2, 1, 1), "sync");
  EXPECT_THAT(fault(core::ErrorKind::input), HasSubstr("no dataset of kind 'identity'"));
  write(options.datasets[0], made_up_people(1, 2, 1, 1));
  EXPECT_THAT(fault(core::ErrorKind::input), HasSubstr("fewer than two people"));
  Rows rows = made_up_people(2, 2, 1, 1);
  rows.file.push_back(4);
  core::TensorFileWriter writer;
  writer.set_meta("kind", "identity");
  writer.add("pictures", core::DType::u8, {4, kSide, kSide}, rows.pictures.data());
  writer.add("person", core::DType::i32, {4}, rows.person.data());
  writer.add("file", core::DType::i32, {5}, rows.file.data());
  writer.write(options.datasets[0]);
  EXPECT_THAT(fault(core::ErrorKind::input), HasSubstr("file"));
  EXPECT_FALSE(std::filesystem::exists(options.output));
}

TEST_F(IdentityTraining, ContradictoryOptionsAreRefused) {
  write(options.datasets[0], made_up_people(2, 2, 1, 1));
  auto refused = [&](const char* sentence, const std::function<void(IdentityTrainOptions*)>& change) {
    const IdentityTrainOptions saved = options;
    change(&options);
    EXPECT_THAT(fault(core::ErrorKind::usage), HasSubstr(sentence));
    options = saved;
  };
  refused("at least one dataset", [](auto* o) { o->datasets.clear(); });
  refused("file to write the weights to", [](auto* o) { o->output.clear(); });
  refused("needs a checkpoint", [](auto* o) { o->resume = true; });
  refused("width must be", [](auto* o) { o->width = 10; });
  refused("width must be", [](auto* o) { o->width = 4; });
  refused("embedding", [](auto* o) { o->embedding = 1; });
  refused("batch at least 2", [](auto* o) { o->batch = 1; });
  refused("must be positive", [](auto* o) { o->steps = 0; });
  refused("left_out", [](auto* o) { o->left_out = 0.9; });
  refused("left_out", [](auto* o) { o->left_out = std::nan(""); });
  refused("4/4", [](auto* o) { o->datasets[0] += "@4/4"; });
  EXPECT_FALSE(std::filesystem::exists(options.output));
}

TEST_F(IdentityTraining, WeightsOfAnotherKindAreNotMeasured) {
  write(options.datasets[0], made_up_people(2, 2, 1, 1));
  const auto measure = [&](const std::filesystem::path& weights) {
    try {
      measure_identity(weights, options.datasets);
    } catch (const core::Error& e) {
      return e.kind();
    }
    return core::ErrorKind::internal;
  };
  EXPECT_EQ(measure(std::filesystem::path(RESYNCER_SOURCE_DIR) / "models/sync-judge.safetensors"),
            core::ErrorKind::model);
  EXPECT_EQ(measure(folder / "nothing.safetensors"), core::ErrorKind::model);
}

class IdentityData : public testing::Test {
 protected:
  support::ScratchFolder folder;
  std::filesystem::path path = folder / "identity.safetensors";

  std::filesystem::path part(const char* ending) const { return path.string() + ending; }
};

TEST_F(IdentityData, RowsBelongToTheirPeopleAndFiles) {
  Rows rows = made_up_people(3, 2, 2, 1);
  // Rows of a person need not lie together, and numbers need not be dense.
  rows.person = {7, 2, 7, 2, 7, 40, 40, 2, 7, 7, 7, 7};
  rows.file = {0, 1, 3, 1, 0, 9, 9, 5, 3, 3, 3, 0};
  write(path, rows);
  const IdentityDataset data = load_identity_dataset(path);
  EXPECT_EQ(data.side, kSide);
  EXPECT_TRUE(data.pictures == rows.pictures);
  std::vector<std::vector<std::vector<std::int64_t>>> people;
  for (const IdentityPerson& person : data.people) people.push_back(person.files);
  EXPECT_THAT(people, testing::UnorderedElementsAre(
                          testing::UnorderedElementsAre(std::vector<std::int64_t>{1, 3},
                                                        std::vector<std::int64_t>{7}),
                          testing::UnorderedElementsAre(std::vector<std::int64_t>{0, 4, 11},
                                                        std::vector<std::int64_t>{2, 8, 9, 10}),
                          testing::UnorderedElementsAre(std::vector<std::int64_t>{5, 6})));
  EXPECT_TRUE(data.is_labelled());
}

TEST_F(IdentityData, OneFileAPersonIsNoLabel) {
  write(path, made_up_people(3, 1, 2, 1));
  EXPECT_FALSE(load_identity_dataset(path).is_labelled());
}

TEST_F(IdentityData, PartsShareNoPerson) {
  write(path, made_up_people(5, 1, 1, 1));
  auto rows_of = [&](const char* ending) {
    std::vector<std::int64_t> rows;
    for (const IdentityPerson& person : load_identity_dataset(part(ending)).people)
      for (const auto& file : person.files) rows.insert(rows.end(), file.begin(), file.end());
    return rows;
  };
  const std::vector<std::int64_t> some = rows_of("@0/2"), others = rows_of("@-0/2");
  EXPECT_EQ(some.size(), 3U);
  std::vector<std::int64_t> all = some;
  all.insert(all.end(), others.begin(), others.end());
  EXPECT_THAT(all, testing::UnorderedElementsAre(0, 1, 2, 3, 4));
  EXPECT_THROW(load_identity_dataset(part("@0/5")), core::Error);  // one person is no dataset
}

}  // namespace
}  // namespace resyncer::train
