//! How often the words of a place stand in police prose, so that the engine begins with the rarest place of a pattern. It changes how
//! long a search takes, never what it finds.

use super::outline::Beginning;

/// What a word that is not among the commonest counts for, in the unit of [`COMMON`].
const RARE: f64 = 0.2;

/// The commonest words of the labelled records that are not for testing, of 10,000 words; in the order of the alphabet.
#[rustfmt::skip]
const COMMON: &[(&str, u32)] = &[
    ("00", 6), ("01", 6), ("02", 9), ("03", 7), ("04", 6), ("05", 7), ("06", 6), ("08", 5), ("09", 7), ("1", 6), ("10", 11),
    ("11", 10), ("12", 10), ("14", 10), ("15", 8), ("16", 6), ("18", 8), ("19", 7), ("2", 8), ("20", 10), ("22", 7), ("24", 6),
    ("25", 13), ("3", 7), ("30", 6), ("4", 6), ("40", 6), ("6", 6), ("9", 6), ("a", 241), ("about", 31), ("account", 8),
    ("address", 8), ("after", 13), ("again", 11), ("agg", 7), ("all", 24), ("am", 6), ("an", 19), ("and", 239), ("another", 6),
    ("any", 8), ("are", 19), ("as", 37), ("ask", 6), ("asked", 31), ("at", 111), ("back", 22), ("bank", 6), ("be", 31),
    ("because", 7), ("been", 36), ("before", 13), ("behind", 7), ("being", 6), ("between", 6), ("both", 18), ("brother", 5),
    ("bus", 8), ("but", 10), ("by", 73), ("call", 13), ("called", 8), ("caller", 7), ("calls", 9), ("came", 16), ("camera", 7),
    ("can", 13), ("car", 17), ("card", 9), ("changed", 6), ("child", 6), ("closed", 6), ("come", 12), ("contact", 8), ("could", 6),
    ("council", 7), ("court", 7), ("crime", 10), ("d", 14), ("dash", 5), ("daughter", 6), ("day", 13), ("days", 10), ("desk", 6),
    ("did", 12), ("do", 15), ("does", 14), ("dog", 7), ("done", 8), ("door", 18), ("down", 13), ("driver", 9), ("e", 6), ("each", 19),
    ("eleven", 6), ("every", 13), ("ex", 16), ("father", 5), ("female", 6), ("firm", 5), ("first", 12), ("five", 9), ("flat", 9),
    ("for", 90), ("form", 7), ("former", 6), ("found", 14), ("four", 16), ("friday", 6), ("from", 61), ("front", 6), ("gate", 7),
    ("gave", 7), ("get", 6), ("girl", 5), ("given", 10), ("go", 12), ("goes", 6), ("gone", 8), ("got", 10), ("had", 55),
    ("harassment", 5), ("has", 91), ("have", 36), ("he", 160), ("her", 126), ("him", 62), ("his", 67), ("home", 14), ("house", 12),
    ("husband", 10), ("i", 95), ("if", 19), ("in", 184), ("ip", 20), ("is", 96), ("it", 111), ("june", 5), ("kept", 5), ("know", 12),
    ("known", 5), ("last", 16), ("leave", 6), ("left", 18), ("letter", 9), ("like", 8), ("line", 6), ("lives", 6), ("log", 7),
    ("lost", 5), ("m", 8), ("made", 8), ("male", 14), ("man", 19), ("manager", 10), ("march", 6), ("may", 11), ("me", 24),
    ("messages", 5), ("minutes", 6), ("monday", 6), ("month", 6), ("more", 7), ("morning", 6), ("mother", 11), ("moved", 9),
    ("mr", 8), ("mrs", 5), ("mum", 7), ("my", 39), ("name", 16), ("never", 8), ("new", 9), ("next", 8), ("night", 14), ("nine", 9),
    ("no", 75), ("nobody", 7), ("not", 74), ("note", 5), ("nothing", 13), ("now", 12), ("number", 14), ("of", 115), ("off", 24),
    ("office", 7), ("officer", 11), ("old", 5), ("on", 159), ("once", 6), ("one", 52), ("only", 12), ("or", 22), ("order", 11),
    ("other", 15), ("our", 6), ("out", 30), ("outside", 8), ("over", 16), ("own", 10), ("owner", 5), ("pc", 9), ("person", 6),
    ("phone", 16), ("police", 8), ("put", 20), ("rang", 15), ("re", 5), ("report", 7), ("reported", 5), ("reports", 5), ("ring", 8),
    ("rings", 6), ("road", 8), ("room", 7), ("round", 6), ("rung", 8), ("s", 87), ("said", 28), ("same", 22), ("sat", 6), ("say", 12),
    ("says", 34), ("school", 12), ("second", 8), ("see", 7), ("seen", 14), ("sent", 14), ("seven", 5), ("sgt", 8), ("she", 117),
    ("shop", 5), ("side", 5), ("since", 37), ("sister", 7), ("six", 11), ("so", 15), ("son", 7), ("spoken", 5), ("staff", 7),
    ("stop", 10), ("stopped", 7), ("sunday", 6), ("t", 17), ("taken", 11), ("team", 6), ("ten", 6), ("that", 76), ("the", 456),
    ("their", 6), ("them", 21), ("then", 15), ("there", 27), ("they", 35), ("third", 8), ("this", 23), ("three", 21), ("through", 12),
    ("time", 17), ("times", 14), ("to", 225), ("today", 7), ("told", 40), ("tonight", 5), ("took", 8), ("twice", 8), ("two", 42),
    ("under", 9), ("until", 7), ("up", 24), ("us", 10), ("used", 6), ("van", 8), ("ve", 10), ("visit", 5), ("want", 7), ("wants", 7),
    ("was", 80), ("we", 12), ("week", 13), ("weeks", 5), ("well", 6), ("went", 11), ("were", 12), ("what", 14), ("when", 19),
    ("where", 8), ("which", 13), ("who", 26), ("wife", 11), ("will", 19), ("window", 6), ("with", 83), ("woman", 7), ("work", 8),
    ("would", 16), ("year", 9), ("years", 7), ("you", 19),
];

/// Of 10,000 words, about how many are in the set.
pub(super) fn of(set: &[Beginning]) -> f64 {
    set.iter()
        .map(|beginning| {
            let letters = beginning.letters.as_bytes();
            let from = COMMON.partition_point(|(word, _)| word.as_bytes() < letters);
            let fits = |word: &&(&str, u32)| {
                let word = word.0.as_bytes();
                if beginning.whole { word == letters } else { word.starts_with(letters) }
            };
            RARE + COMMON[from..].iter().take_while(fits).map(|(_, count)| f64::from(*count)).sum::<f64>()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_words_are_in_order_and_prefixes_add_up() {
        assert!(COMMON.is_sorted_by(|a, b| a.0 < b.0));
        let cost = |word: &str| of(&[Beginning::of(word)]);
        assert!(cost("he") > 100.0 * cost("wheelarch"));
        assert!(cost("he*") > cost("he") + cost("her") - 1.0);
    }
}
