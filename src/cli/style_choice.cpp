#include "cli/style_choice.h"

#include "resyncer/core/error.h"

namespace resyncer::cli {

void add_style_options(CLI::App* command, pipeline::StyleChoice* choice) {
  auto* style =
      command->add_option("--style", choice->names,
                          "Manner of speaking: a name of the gallery (resyncer style list), a .style "
                          "file or a clip; several are mixed (default: the speaker's own)");
  style->allow_extra_args(false)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  auto* weight = command->add_option("--style-weight", choice->weights,
                                     "Share of each --style in turn (default: all alike)");
  weight->allow_extra_args(false)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  weight->needs(style)->check(CLI::NonNegativeNumber);
  command
      ->add_option("--style-strength", choice->strength,
                   "0 = the neutral style, 1 = the style, up to 1.5 = exaggerated")
      ->needs(style)
      ->check(CLI::Range(0.0, 1.5));
}

void check_style_choice(const pipeline::StyleChoice& choice) {
  if (!choice.weights.empty() && choice.weights.size() != choice.names.size())
    throw core::Error(core::ErrorKind::usage,
                      "there has to be one --style-weight for every --style, or none");
}

}  // namespace resyncer::cli
