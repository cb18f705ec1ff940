#include <nlohmann/json.hpp>

#include "batch/plain_text.h"
#include "resyncer/batch/run.h"

namespace resyncer::batch {

std::string plan_table(const std::vector<Job>& jobs, const std::vector<Outlook>& outlooks) {
  std::string table = "  row  plan       output\n";
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    char line[64];
    std::snprintf(line, sizeof line, "%5d  %-9s  ", jobs[i].row, name(outlooks[i].what));
    const std::string& why = outlooks[i].message;
    table += line + plain_line(jobs[i].output.empty() ? jobs[i].name : jobs[i].output.string()) +
             (why.empty() ? "" : "  " + plain_line(why)) + '\n';
  }
  return table;
}

std::string plan_json(const std::vector<Job>& jobs, const std::vector<Outlook>& outlooks) {
  nlohmann::json plan = nlohmann::json::array();
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    nlohmann::json entry = {{"row", jobs[i].row},
                            {"name", plain_text(jobs[i].name)},
                            {"video", plain_text(jobs[i].video.string())},
                            {"speech", plain_text(jobs[i].speech.string())},
                            {"output", plain_text(jobs[i].output.string())},
                            {"plan", name(outlooks[i].what)}};
    if (!outlooks[i].message.empty()) entry["message"] = plain_line(outlooks[i].message);
    plan.push_back(std::move(entry));
  }
  return plan.dump(2);
}

}  // namespace resyncer::batch
