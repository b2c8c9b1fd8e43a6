//! Adapter from [`analysis`](crate::analysis) to tantivy's tokenizer interface.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::analysis::{TermKind, Terms};

/// Name of the tokenizer in the schemas.
pub(super) const TERMS: &str = "terms";

#[derive(Clone, Default)]
pub(super) struct TermsTokenizer {
    /// Whether unstemmed English words are indexed too, for prefix search.
    pub forms: bool,
    terms: Terms,
    token: Token,
}

impl TermsTokenizer {
    pub fn new(forms: bool) -> Self {
        Self { forms, ..Self::default() }
    }
}

pub(super) struct Stream<'a> {
    of: &'a mut TermsTokenizer,
    next: usize,
}

impl Tokenizer for TermsTokenizer {
    type TokenStream<'a> = Stream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Stream<'a> {
        self.terms.read(text);
        self.token.reset();
        Stream { of: self, next: 0 }
    }
}

impl TokenStream for Stream<'_> {
    fn advance(&mut self) -> bool {
        let TermsTokenizer { forms, terms, token } = &mut *self.of;
        while let Some((text, kind)) = terms.get(self.next) {
            self.next += 1;
            if *forms || kind != TermKind::Form {
                token.position = token.position.wrapping_add(1);
                token.text.clear();
                token.text.push_str(text);
                return true;
            }
        }
        false
    }

    fn token(&self) -> &Token {
        &self.of.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.of.token
    }
}
