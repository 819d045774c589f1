//! What can be typed. What it means is decided in `settings`.

use clap::{Arg, ArgAction, Command};

/// The names of every option that may stand in `foursight.toml`.
pub(super) const OPTIONS: &[&str] = &[
    "out",
    "input-format",
    "mapping",
    "keep-columns",
    "format",
    "model",
    "rules",
    "policy",
    "threshold-likely",
    "threshold-possible",
    "max-reject",
    "records",
    "train",
    "split",
    "limits",
    "minutes-per-record",
    "prevalence",
    "max-windows",
    "link-model",
    "with",
    "threads",
    "seed",
    "epochs",
    "learning-rate",
    "frozen-layers",
    "overwrite",
    "quiet",
    "json",
];

/// The whole command line.
pub fn command() -> Command {
    Command::new("foursight")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Flags incident records that may be stalking, for a person to read. It never decides and never labels a person.")
        .after_help(
            "Every option can also be set in foursight.toml or as FOURSIGHT_<NAME>; the manifest records the values used.\n\
             Exit codes: 0 finished, 1 failed, 2 usage or settings, 3 too many rows rejected, 4 a limit of evaluate missed,\n\
             5 model bundle or rules failed their check.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(screen())
        .subcommand(evaluate())
        .subcommand(explain())
        .subcommand(rules())
        .subcommand(train())
        .subcommand(compare())
}

fn compare() -> Command {
    let run = |name: &'static str, help: &'static str| Arg::new(name).value_name("RUN").required(true).help(help);
    Command::new("compare")
        .about("Which flags and courses changed between two runs, and why")
        .arg(run("first", "The results folder of the earlier run"))
        .arg(run("second", "The results folder of the later run"))
        .arg(switch("json", "Print every change as one JSON object"))
        .arg(config())
}

fn screen() -> Command {
    Command::new("screen")
        .about("Screen exports and write the queue for review")
        .arg(
            Arg::new("inputs")
                .value_name("INPUT")
                .num_args(1..)
                .required(true)
                .help("CSV, TSV, XLSX, Parquet or JSON Lines files; - reads JSON Lines from standard input"),
        )
        .arg(option("out", "DIR", "Folder for the results; must not exist, or be empty").short('o'))
        .arg(option("input-format", "FORMAT", "csv, tsv, xlsx, parquet or jsonl, instead of going by the file's ending"))
        .arg(option("mapping", "FILE", "TOML file that says which header is which column"))
        .arg(option("keep-columns", "NAMES", "Columns of the input to carry through to `screened`, separated by commas"))
        .arg(option("format", "FORMAT", "Tables as parquet (default), jsonl or csv"))
        .args(engine_options())
        .arg(option("threshold-likely", "P", "Least probability for the flag `likely`, instead of the bundle's"))
        .arg(option("threshold-possible", "P", "Least probability for the flag `possible`, instead of the bundle's"))
        .arg(link_model())
        .arg(option("with", "RUN_DIR", "An earlier run whose records are linked with these, without reading them again"))
        .arg(option("max-reject", "PERCENT", "Exit with 3 when more than this share of rows is rejected [default: 5]"))
        .arg(option("threads", "N", "Threads to use [default: one a core]"))
        .arg(switch("overwrite", "Replace the results of an earlier run in DIR"))
        .arg(switch("quiet", "No progress on standard error"))
        .arg(switch("json", "Print the run's summary as one JSON object on standard output"))
        .arg(config())
}

fn evaluate() -> Command {
    Command::new("evaluate")
        .about("Measure against labelled records: figures with intervals, baselines, slices, every miss and false alarm")
        .arg(
            Arg::new("labelled")
                .value_name("LABELLED")
                .num_args(1..)
                .required(true)
                .help("Labelled records, JSON Lines; a file is one writer"),
        )
        .arg(option("out", "DIR", "Folder for metrics.json and evaluation.html; without it there are only the tables").short('o'))
        .arg(
            option("records", "EXPORTS", "Exports that hold the records, where LABELLED has only ids and labels")
                .num_args(1..)
                .action(ArgAction::Append),
        )
        .arg(
            option(
                "train",
                "FILES",
                "Labelled records for the TF-IDF baseline [default: the train writers of splits.toml beside LABELLED]",
            )
            .num_args(1..)
            .action(ArgAction::Append),
        )
        .arg(option("split", "SPLIT", "Only the writers that splits.toml beside LABELLED has for test, dev or train [default: all]"))
        .arg(option("limits", "FILE", "TOML file of limits that must hold; exit with 4 where one does not"))
        .arg(option("minutes-per-record", "MINUTES", "Time to read a flagged record [default: 5]"))
        .arg(option("prevalence", "PERCENT", "Your share of records to flag, beside 0.5, 1, 2 and 5 %"))
        .args(engine_options())
        .arg(option("threshold-likely", "P", "Least probability for the flag `likely`, instead of the bundle's"))
        .arg(option("threshold-possible", "P", "Least probability for the flag `possible`, instead of the bundle's"))
        .arg(link_model())
        .arg(option("seed", "N", "Seed of the bootstrap [default: 24]"))
        .arg(option("threads", "N", "Threads to use [default: one a core]"))
        .arg(switch("overwrite", "Replace an earlier evaluation in DIR"))
        .arg(switch("quiet", "No progress on standard error and no tables"))
        .arg(switch("json", "Print metrics.json on standard output, on one line, instead of the tables"))
        .arg(config())
}

fn explain() -> Command {
    Command::new("explain")
        .about("Show what the engine sees in one narrative, and why")
        .arg(Arg::new("text").value_name("TEXT").help("The narrative; - or nothing reads standard input"))
        .args(engine_options())
        .arg(switch("json", "Print one JSON object"))
        .arg(config())
}

fn rules() -> Command {
    let id = Arg::new("id").value_name("ID").required(true).help("A rule such as B07-02, or an indicator such as B07");
    Command::new("rules")
        .about("The indicators and their rules")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(Command::new("list").about("Every rule, by indicator").args(rule_options()))
        .subcommand(Command::new("show").about("What one rule or indicator means, with its examples").arg(id).args(rule_options()))
        .subcommand(Command::new("check").about("Run every rule's own examples").args(rule_options()))
        .subcommand(
            Command::new("report")
                .about("What each rule is worth on labelled records: hits, false alarms, what it alone finds, rules that never fired")
                .arg(Arg::new("labelled").value_name("LABELLED").num_args(1..).required(true).help("Labelled records, JSON Lines"))
                .arg(option(
                    "split",
                    "SPLIT",
                    "Only the writers that splits.toml beside LABELLED has for test, dev or train [default: all]",
                ))
                .args(rule_options()),
        )
        .subcommand(Command::new("handbook").about("The reviewers' handbook as Markdown, on standard output").args(rule_options()))
}

fn train() -> Command {
    Command::new("train")
        .about("Fit the classifier, its calibration and the fusion weights on labelled records")
        .arg(
            Arg::new("corpus").value_name("CORPUS").num_args(1..).required(true).help("Labelled records, JSON Lines; a file is one writer"),
        )
        .arg(option("out", "DIR", "The bundle folder to write; a fit that was broken off is gone on from DIR.checkpoint").short('o'))
        .arg(option("model", "DIR", "The bundle to start from, instead of the one in the program"))
        .arg(option("seed", "N", "Seed of everything random [default: 24]"))
        .arg(option("epochs", "N", "Passes over the records at most; 0 fits only fusion, calibration and thresholds [default: 4]"))
        .arg(option("learning-rate", "RATE", "Height of the top layer's learning rate [default: 0.0001]"))
        .arg(option("frozen-layers", "N", "Layers from the bottom that stay as they are [default: 0]"))
        .args(rule_options().into_iter().filter(|arg| arg.get_id() == "rules"))
        .arg(option("threads", "N", "Threads to use [default: one a core]"))
        .arg(switch("quiet", "No progress on standard error"))
        .arg(config())
}

fn engine_options() -> Vec<Arg> {
    vec![
        option("model", "DIR", "A model bundle instead of the one in the program"),
        option("rules", "DIR", "A force's own rules, on top of those in the program"),
        option("policy", "FILE", "A risk policy instead of the one in the program"),
        option("max-windows", "N", "Passages of one narrative that the classifier reads at most; 0 reads all [default: 64]"),
    ]
}

fn link_model() -> Arg {
    option("link-model", "FILE", "Match weights of linkage in Splink's JSON format; fit estimates them on the run [default: the program's]")
}

fn rule_options() -> Vec<Arg> {
    vec![option("rules", "DIR", "A force's own rules, on top of those in the program"), switch("json", "Print JSON"), config()]
}

fn config() -> Arg {
    Arg::new("config")
        .long("config")
        .value_name("FILE")
        .env("FOURSIGHT_CONFIG")
        .help("Settings file [default: foursight.toml, where there is one]")
}

fn option(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name.replace('-', "_")).long(name).value_name(value).env(environment(name)).hide_env(true).help(help)
}

fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name.replace('-', "_")).long(name).action(ArgAction::SetTrue).env(environment(name)).hide_env(true).help(help)
}

fn environment(name: &str) -> String {
    format!("FOURSIGHT_{}", name.replace('-', "_").to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound_and_every_option_is_known_to_the_settings_file() {
        command().debug_assert();
        let mut names: Vec<String> = Vec::new();
        for sub in command().get_subcommands() {
            names.extend(sub.get_arguments().filter_map(|arg| arg.get_long().map(str::to_owned)));
        }
        names.retain(|name| name != "config" && name != "help");
        for name in names {
            assert!(OPTIONS.contains(&name.as_str()), "--{name} is missing in OPTIONS");
        }
    }
}
