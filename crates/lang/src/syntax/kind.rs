//! The kinds of tokens and nodes of the lossless tree.

use logos::Logos;

macro_rules! syntax_kinds {
    (tokens { $($(#[$attr:meta])* $token:ident,)* } nodes { $($node:ident,)* }) => {
        /// A kind of token or node. All words are [`SyntaxKind::Word`]; the parser knows from the
        /// place which words are names.
        #[derive(Logos, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each is named after its production in the grammar")]
        pub enum SyntaxKind {
            $($(#[$attr])* $token,)*
            $($node,)*
        }

        const ALL: &[SyntaxKind] = &[$(SyntaxKind::$token,)* $(SyntaxKind::$node,)*];
    };
}

syntax_kinds! {
    tokens {
        #[regex(r"[ \t\r\n]+")]
        Whitespace,
        #[regex(r"//[^\n]*", allow_greedy = true)]
        Comment,
        // `/* ... */`, which others call a comment: one token, so that it is one error.
        #[regex(r"/\*([^*]|\*+[^*/])*(\*+/)?")]
        BadComment,
        #[regex(r"[A-Za-z_][A-Za-z0-9_]*")]
        Word,
        #[regex(r"[0-9][0-9_]*")]
        Int,
        #[regex(r"[0-9][0-9_]*\.[0-9][0-9_]*")]
        Dec,
        // A number run into letters, `12ab`: one token, so that it is one error.
        #[regex(r"[0-9][0-9_]*(\.[0-9][0-9_]*)?[A-Za-z][A-Za-z0-9_]*")]
        BadNumber,
        #[regex(r#""[^"\n]*""#)]
        Str,
        #[regex(r#""[^"\n]*"#)]
        OpenStr,
        #[token("{")]
        LBrace,
        #[token("}")]
        RBrace,
        #[token("(")]
        LParen,
        #[token(")")]
        RParen,
        #[token("[")]
        LBracket,
        #[token("]")]
        RBracket,
        #[token("<")]
        Less,
        #[token(">")]
        Greater,
        #[token(",")]
        Comma,
        #[token(";")]
        Semicolon,
        #[token(":")]
        Colon,
        #[token("::")]
        ColonColon,
        #[token(".")]
        Dot,
        #[token("..")]
        DotDot,
        #[token("=")]
        Eq,
        #[token("==")]
        EqEq,
        #[token("!=")]
        NotEq,
        #[token("<=")]
        LessEq,
        #[token(">=")]
        GreaterEq,
        #[token("&&")]
        AndAnd,
        #[token("||")]
        OrOr,
        #[token("<<")]
        Shl,
        #[token("&")]
        And,
        #[token("|")]
        Or,
        #[token("^")]
        Caret,
        #[token("+")]
        Plus,
        #[token("-")]
        Minus,
        #[token("*")]
        Star,
        #[token("/")]
        Slash,
        #[token("%")]
        Percent,
        #[token("!")]
        Not,
        #[token("?")]
        Question,
        #[token("->")]
        Arrow,
        #[token("+=")]
        PlusEq,
        #[token("-=")]
        MinusEq,
        #[token("*=")]
        StarEq,
        Unknown,
        End,
    }
    nodes {
        Program, File, Error, Name,
        Use, Contract, Struct, Field, Enum, Const, Fn, Generics, ParamList, Param,
        Party, Group, Collect, Provider, MaxRows, Range, Check, Allow, ShapeClause,
        RecipientList, Recipient, State, Slot, Access, Privacy, PrivacyItem, Entry,
        Test, Given, Set, Run, Expect, ExpectFail,
        Block, Let, Assign, If, For, While, Reveal, Guard, Require, Return, Break, ExprStmt, Pattern,
        Type, TypeLabel, TypeArg,
        Ternary, Binary, Unary, Cast, Call, MethodCall, FieldAccess, Index, NameRef, PathExpr,
        Literal, Paren, Tuple, List, Repeat, Lambda, ArgList, Arg,
    }
}

impl SyntaxKind {
    /// White space and comments, and what is meant as one.
    #[must_use]
    pub fn is_trivia(self) -> bool {
        use SyntaxKind as K;
        matches!(self, K::Whitespace | K::Comment | K::BadComment)
    }

    /// How the kind of token is named in messages.
    #[must_use]
    pub fn describe(self) -> &'static str {
        use SyntaxKind as K;
        match self {
            K::Word => "a word",
            K::Int | K::Dec | K::BadNumber => "a number",
            K::Str | K::OpenStr => "a text",
            K::End => "the end of the file",
            K::LBrace => "`{`",
            K::RBrace => "`}`",
            K::LParen => "`(`",
            K::RParen => "`)`",
            K::LBracket => "`[`",
            K::RBracket => "`]`",
            K::Less => "`<`",
            K::Greater => "`>`",
            K::Comma => "`,`",
            K::Semicolon => "`;`",
            K::Colon => "`:`",
            K::ColonColon => "`::`",
            K::Dot => "`.`",
            K::DotDot => "`..`",
            K::Eq => "`=`",
            K::Or => "`|`",
            _ => "this",
        }
    }
}

/// The language as `rowan` sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Enigma {}

impl rowan::Language for Enigma {
    type Kind = SyntaxKind;

    fn kind_from_raw(raw: rowan::SyntaxKind) -> SyntaxKind {
        ALL.get(usize::from(raw.0))
            .copied()
            .unwrap_or(SyntaxKind::Error)
    }

    fn kind_to_raw(kind: SyntaxKind) -> rowan::SyntaxKind {
        rowan::SyntaxKind(kind as u16)
    }
}

/// A node of the lossless tree.
pub type SyntaxNode = rowan::SyntaxNode<Enigma>;
/// A token of the lossless tree.
pub type SyntaxToken = rowan::SyntaxToken<Enigma>;
