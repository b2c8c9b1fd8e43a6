//! Chinese characters that make a question, and say nothing of its subject.

/// Pronouns, particles, auxiliaries and question words, simplified and traditional.
const PARTICLES: &str = "吗嗎呢吧啊呀的了着著过過有没沒是在不我你您他她它们們这這那哪个個几幾多少什么甚麼怎样樣为為何要能会會可以请請问問想和跟与與或就都还還也把被给給让讓對对到去来來谁誰";

/// Whether a character says nothing of what a question is about.
pub fn is_particle(c: char) -> bool {
    PARTICLES.contains(c)
}
