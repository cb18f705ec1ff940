#include "resyncer/batch/job.h"

#include <algorithm>
#include <map>
#include <set>
#include <system_error>

#include "resyncer/pipeline/provenance.h"

namespace resyncer::batch {

namespace {

namespace fs = std::filesystem;
using core::ErrorKind;

// What the batch says itself, or what would end a program without a render.
const std::set<std::string> kReserved = {"input", "yes",  "never",   "progress", "log-format", "models",
                                         "quiet", "help", "version", "verbose",  "resume"};

struct Stems {
  std::string video, speech, row;
  std::optional<std::string> name;
};

// Throws Fault.
std::string expanded(const std::string& text, const Stems& stems) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = text.find('{', at), close = text.find('}', open);
    out.append(text, at, open - at);
    if (open == std::string::npos) break;
    if (close == std::string::npos)
      throw Fault{ErrorKind::usage, "'" + text + "' has a { that is never closed"};
    const std::string word = text.substr(open + 1, close - open - 1);
    if (word == "video")
      out += stems.video;
    else if (word == "speech")
      out += stems.speech;
    else if (word == "row")
      out += stems.row;
    else if (word == "name" && stems.name)
      out += *stems.name;
    else
      throw Fault{ErrorKind::usage,
                  "'{" + word + "}' is no word of a template; write {video}, {speech}, {name} or {row}"};
    at = close + 1;
  }
  return out;
}

bool is_option_name(const std::string& name) {
  return !name.empty() && name[0] != '-' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::string single(const Field& field) {
  if (field.values.size() != 1) throw Fault{ErrorKind::usage, "'" + field.name + "' is given more than once"};
  return field.values[0];
}

// The folder's links are followed, so that one file has one name.
fs::path placed(const fs::path& folder, const fs::path& file) {
  const fs::path whole = (folder / file).lexically_normal();
  std::error_code error;
  fs::path parent = fs::weakly_canonical(whole.parent_path(), error);
  return error ? whole : parent / whole.filename();
}

std::string default_extension(const fs::path& video) {
  std::string extension = video.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return char(std::tolower(c)); });
  const bool container =
      extension == ".mp4" || extension == ".mov" || extension == ".mkv" || extension == ".webm";
  return container ? extension : ".mp4";
}

// Throws Fault.
void fill(Job* job, const Row& row, const JobFolders& folders) {
  if (!row.fault.empty()) throw Fault{ErrorKind::usage, row.fault};
  std::string video, speech, output, name;
  for (const Field& field : row.fields) {
    if (field.name == "video") {
      video = single(field);
    } else if (field.name == "speech" || field.name == "audio") {
      if (!speech.empty()) throw Fault{ErrorKind::usage, "'speech' and 'audio' are the same"};
      speech = single(field);
    } else if (field.name == "output") {
      output = single(field);
    } else if (field.name == "name") {
      name = single(field);
    } else if (!is_option_name(field.name) || kReserved.count(field.name) != 0) {
      throw Fault{ErrorKind::usage, "'" + field.name + "' is no option that a row can set"};
    } else {
      job->options.push_back(field);
    }
  }
  if (video.empty()) throw Fault{ErrorKind::usage, "the row names no video"};
  job->video = placed(folders.manifest, video);
  if (!speech.empty()) job->speech = placed(folders.manifest, speech);
  Stems stems{job->video.stem().string(), job->speech.stem().string(), std::to_string(row.number), {}};
  job->name = expanded(!name.empty() ? name : speech.empty() ? "{video}" : "{video}_{speech}", stems);
  stems.name = job->name;
  if (output.empty()) output = "{name}" + default_extension(job->video);
  const std::string file = expanded(output, stems);
  if (file.back() == '/') throw Fault{ErrorKind::usage, "the output '" + file + "' is a folder"};
  job->output = placed(folders.output, file);
}

std::string place_of(const Job& job) { return "row " + std::to_string(job.row); }

// No job may write what another writes or reads.
void refuse_collisions(std::vector<Job>* jobs, const JobFolders& folders) {
  std::map<fs::path, const Job*> writers, readers;
  for (const Job& job : *jobs) {
    if (job.fault) continue;
    readers.emplace(job.video, &job);
    if (!job.speech.empty()) readers.emplace(job.speech, &job);
  }
  for (Job& job : *jobs) {
    if (job.fault) continue;
    for (const fs::path& file : outputs_of(job, folders.manifest)) {
      const auto reader = readers.find(file);
      const auto [writer, first] = writers.emplace(file, &job);
      if (reader != readers.end())
        job.fault = {ErrorKind::usage, file.string() + ": would be overwritten, but " +
                                           place_of(*reader->second) + " reads it"};
      else if (!first && writer->second != &job)
        job.fault = {ErrorKind::usage,
                     file.string() + ": is written by " + place_of(*writer->second) + " already"};
    }
  }
}

std::optional<Fault> fault_of_input(const fs::path& file) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (status.type() == fs::file_type::not_found)
    return Fault{ErrorKind::input, file.string() + ": there is no such file"};
  if (error) return Fault{ErrorKind::input, file.string() + ": " + error.message()};
  if (!fs::is_regular_file(status)) return Fault{ErrorKind::input, file.string() + ": is no regular file"};
  return std::nullopt;
}

}  // namespace

bool names_output(const std::string& option) {
  return option == "mask-out" || option == "preview" || option == "stats" || option == "motion-out";
}

bool is_reserved(const std::string& option) { return kReserved.count(option) > 0; }

std::string option_of(const Job& job, const std::string& name) {
  for (const Field& field : job.options)
    if (field.name == name) return field.values[0];
  return {};
}

std::vector<fs::path> outputs_of(const Job& job, const fs::path& folder) {
  std::vector<fs::path> files = {job.output, pipeline::provenance_file(job.output)};
  for (const Field& option : job.options) {
    if (!names_output(option.name)) continue;
    for (const std::string& value : option.values) files.push_back(placed(folder, value));
    if (option.name == "motion-out" && files.back().extension() == ".pc2")
      files.push_back(fs::path(files.back()).replace_extension(".obj"));
  }
  return files;
}

std::vector<Job> make_jobs(const std::vector<Row>& rows, const JobFolders& folders) {
  std::vector<Job> jobs;
  jobs.reserve(rows.size());  // collisions are told by pointers
  for (const Row& row : rows) {
    Job& job = jobs.emplace_back();
    job.row = row.number;
    job.line = row.line;
    try {
      fill(&job, row, folders);
    } catch (const Fault& fault) {
      job.fault = fault;
    }
    if (job.name.empty()) job.name = place_of(job);
  }
  refuse_collisions(&jobs, folders);
  return jobs;
}

std::vector<std::string> row_arguments(const Job& job) {
  std::vector<std::string> arguments = {"render", job.video.string()};
  if (!job.speech.empty()) arguments.push_back("--audio=" + job.speech.string());
  for (const Field& option : job.options)
    for (const std::string& value : option.values) arguments.push_back("--" + option.name + "=" + value);
  arguments.push_back("--output=" + job.output.string());
  return arguments;
}

void check_jobs(std::vector<Job>* jobs, const CheckArguments& check) {
  for (Job& job : *jobs) {
    if (job.fault) continue;
    if (std::optional<std::string> wrong = check(row_arguments(job)))
      job.fault = {ErrorKind::usage, *wrong};
    else if (std::optional<Fault> missing = fault_of_input(job.video))
      job.fault = missing;
    else if (!job.speech.empty())
      job.fault = fault_of_input(job.speech);
  }
}

}  // namespace resyncer::batch
