#include "resyncer/config/find_config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "support/scratch_folder.h"

namespace resyncer::config {
namespace {

namespace fs = std::filesystem;

class FindConfig : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(scratch / "home/repo/a/b"); }
  void touch(const std::string& name) { std::ofstream(scratch / name) << '\n'; }
  std::optional<fs::path> find(const std::string& folder) {
    return find_project_file(scratch / folder, scratch / "home");
  }
  support::ScratchFolder scratch;
};

TEST_F(FindConfig, TheNearestFolderWins) {
  touch("home/repo/resyncer.toml");
  EXPECT_EQ(find("home/repo/a/b"), scratch / "home/repo/resyncer.toml");
  touch("home/repo/a/resyncer.toml");
  EXPECT_EQ(find("home/repo/a/b"), scratch / "home/repo/a/resyncer.toml");
}

TEST_F(FindConfig, TheSearchEndsAtTheRepository) {
  touch("home/repo/resyncer.toml");
  fs::create_directories(scratch / "home/repo/a/.git");
  EXPECT_EQ(find("home/repo/a/b"), std::nullopt);
  fs::create_directories(scratch / "home/repo/.git");
  EXPECT_EQ(find("home/repo"), scratch / "home/repo/resyncer.toml");
}

TEST_F(FindConfig, HomeIsNoProjectUnlessOneIsThere) {
  touch("home/resyncer.toml");
  touch("resyncer.toml");
  EXPECT_EQ(find("home/repo/a"), std::nullopt);
  EXPECT_EQ(find("home"), scratch / "home/resyncer.toml");
}

TEST_F(FindConfig, TheUsersFileFollowsXdg) {
  ::setenv("HOME", "/home/anna", 1);
  ::setenv("XDG_CONFIG_HOME", "/etc/xdg-anna", 1);
  EXPECT_EQ(user_file(), "/etc/xdg-anna/resyncer/config.toml");
  ::setenv("XDG_CONFIG_HOME", "relative", 1);
  EXPECT_EQ(user_file(), "/home/anna/.config/resyncer/config.toml");
  ::unsetenv("XDG_CONFIG_HOME");
  EXPECT_EQ(user_file(), "/home/anna/.config/resyncer/config.toml");
  ::unsetenv("HOME");
  EXPECT_EQ(user_file(), "");
}

}  // namespace
}  // namespace resyncer::config
