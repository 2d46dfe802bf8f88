//! HTML entities: `&amp;`, `&#8217;`.

/// The named entities of HTML 4 that are visible, each with its character. Those of XML are included.
const ENTITIES: &str = "\
     AElig Æ Aacute Á Acirc Â Agrave À Alpha Α Aring Å Atilde Ã Auml Ä Beta Β Ccedil Ç Chi Χ Dagger ‡ Delta Δ \
     ETH Ð Eacute É Ecirc Ê Egrave È Epsilon Ε Eta Η Euml Ë Gamma Γ Iacute Í Icirc Î Igrave Ì Iota Ι Iuml Ï \
     Kappa Κ Lambda Λ Mu Μ Ntilde Ñ Nu Ν OElig Œ Oacute Ó Ocirc Ô Ograve Ò Omega Ω Omicron Ο Oslash Ø \
     Otilde Õ Ouml Ö Phi Φ Pi Π Prime ″ Psi Ψ Rho Ρ Scaron Š Sigma Σ THORN Þ Tau Τ Theta Θ Uacute Ú Ucirc Û \
     Ugrave Ù Upsilon Υ Uuml Ü Xi Ξ Yacute Ý Yuml Ÿ Zeta Ζ aacute á acirc â acute ´ aelig æ agrave à \
     alefsym ℵ alpha α amp & and ∧ ang ∠ aring å asymp ≈ atilde ã auml ä bdquo „ beta β brvbar ¦ bull • cap ∩ \
     ccedil ç cedil ¸ cent ¢ chi χ circ ˆ clubs ♣ cong ≅ copy © crarr ↵ cup ∪ curren ¤ dArr ⇓ dagger † darr ↓ \
     deg ° delta δ diams ♦ divide ÷ eacute é ecirc ê egrave è empty ∅ epsilon ε equiv ≡ eta η eth ð euml ë \
     euro € exist ∃ fnof ƒ forall ∀ frac12 ½ frac14 ¼ frac34 ¾ frasl ⁄ gamma γ ge ≥ gt > hArr ⇔ harr ↔ \
     hearts ♥ hellip … iacute í icirc î iexcl ¡ igrave ì image ℑ infin ∞ int ∫ iota ι iquest ¿ isin ∈ iuml ï \
     kappa κ lArr ⇐ lambda λ lang 〈 laquo « larr ← lceil ⌈ ldquo “ le ≤ lfloor ⌊ lowast ∗ loz ◊ lsaquo ‹ \
     lsquo ‘ lt < macr ¯ mdash — micro µ middot · minus − mu μ nabla ∇ ndash – ne ≠ ni ∋ not ¬ notin ∉ nsub ⊄ \
     ntilde ñ nu ν oacute ó ocirc ô oelig œ ograve ò oline ‾ omega ω omicron ο oplus ⊕ or ∨ ordf ª ordm º \
     oslash ø otilde õ otimes ⊗ ouml ö para ¶ part ∂ permil ‰ perp ⊥ phi φ pi π piv ϖ plusmn ± pound £ \
     prime ′ prod ∏ prop ∝ psi ψ quot \" rArr ⇒ radic √ rang 〉 raquo » rarr → rceil ⌉ rdquo ” real ℜ reg ® \
     rfloor ⌋ rho ρ rsaquo › rsquo ’ sbquo ‚ scaron š sdot ⋅ sect § sigma σ sigmaf ς sim ∼ spades ♠ sub ⊂ \
     sube ⊆ sum ∑ sup ⊃ sup1 ¹ sup2 ² sup3 ³ supe ⊇ szlig ß tau τ there4 ∴ theta θ thetasym ϑ thorn þ tilde ˜ \
     times × trade ™ uArr ⇑ uacute ú uarr ↑ ucirc û ugrave ù uml ¨ upsih ϒ upsilon υ uuml ü weierp ℘ xi ξ \
     yacute ý yen ¥ yuml ÿ zeta ζ apos '";

/// Names of spaces, and of invisible characters.
const SPACES: [&str; 4] = ["nbsp", "ensp", "emsp", "thinsp"];
const NOTHING: [&str; 5] = ["shy", "zwj", "zwnj", "lrm", "rlm"];

/// The longest name of an entity, or number of a character.
const MAX_ENTITY: usize = 10;

/// The character of the entity at the start of the text, and the entity's length.
pub(super) fn entity(text: &str) -> Option<(Option<char>, usize)> {
    let end = text.bytes().take(MAX_ENTITY + 2).position(|byte| byte == b';')?;
    let name = text.get(1..end)?;
    let shown = if SPACES.contains(&name) {
        Some(' ')
    } else if NOTHING.contains(&name) {
        None
    } else {
        Some(character(name)?)
    };
    Some((shown, end + 1))
}

/// The character of an entity by its name or number.
fn character(name: &str) -> Option<char> {
    let Some(number) = name.strip_prefix('#') else {
        let mut pairs = ENTITIES.split(' ');
        while let (Some(known), Some(shown)) = (pairs.next(), pairs.next()) {
            if known == name {
                return shown.chars().next();
            }
        }
        return None;
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => number.parse().ok()?,
    };
    // As browsers do: 128 to 159 are those of Windows-1252, and an invalid number is U+FFFD.
    let windows = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    match code {
        0 => Some('\u{fffd}'),
        0x80..=0x9f => windows.chars().nth(code as usize - 0x80),
        0xa0 => Some(' '),
        _ => Some(char::from_u32(code).unwrap_or('\u{fffd}')),
    }
}
