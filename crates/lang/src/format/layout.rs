//! From the tree to a layout: what is written, and where lines may be broken.

use rowan::NodeOrToken;

use super::comments::{Comments, may_close_with_comma};
use super::print::Element::{self, Close, Dedent, Hard, Indent, Line, Open, Soft, Space};
use crate::syntax::{SyntaxKind as K, SyntaxNode, SyntaxToken};

type Part = NodeOrToken<SyntaxNode, SyntaxToken>;

/// The layout of a tree without errors.
pub(super) fn layout<'a>(source: &'a str, root: &SyntaxNode) -> Vec<Element<'a>> {
    let mut layout = Layout {
        source,
        comments: Comments::of(source, root),
        out: Vec::new(),
    };
    layout.items(&parts(root));
    layout.out.push(Hard);
    layout.lead(source.len(), true);
    layout.out
}

/// Everything in a node but white space and comments.
fn parts(node: &SyntaxNode) -> Vec<Part> {
    let parts = node.children_with_tokens();
    parts.filter(|part| !part.kind().is_trivia()).collect()
}

fn start(part: &Part) -> usize {
    part.text_range().start().into()
}

fn is_word(part: &Part, words: &[&str]) -> bool {
    part.as_token()
        .is_some_and(|token| token.kind() == K::Word && words.contains(&token.text()))
}

struct Layout<'a> {
    source: &'a str,
    comments: Comments<'a>,
    out: Vec<Element<'a>>,
}

impl Layout<'_> {
    fn part(&mut self, part: &Part) {
        match part {
            NodeOrToken::Node(node) => self.node(node),
            NodeOrToken::Token(token) => self.token(token),
        }
    }

    fn node(&mut self, node: &SyntaxNode) {
        match node.kind() {
            K::Contract | K::State | K::Struct | K::Privacy | K::Test | K::Block => {
                self.braced(node);
            }
            K::Enum | K::ArgList | K::ParamList | K::List | K::Tuple => self.list(node),
            K::Collect | K::Slot => self.with_allows(node),
            K::Entry => self.entry(node),
            K::Group => self.broken_before(node, |part| is_word(part, &["admit"])),
            K::Param | K::Field => self.broken_before(node, |part| {
                is_word(part, &["from"]) || part.kind() == K::Range
            }),
            K::Reveal => self.broken_before(node, |part| {
                is_word(part, &["to"]) || part.kind() == K::Guard
            }),
            K::Require => self.broken_before(node, |part| part.kind() == K::Str),
            K::If | K::While | K::For => self.headed(node),
            K::Binary => self.binary(node),
            K::Ternary => {
                self.broken_before(node, |part| matches!(part.kind(), K::Question | K::Colon))
            }
            K::MethodCall | K::FieldAccess | K::Index => self.chain(node),
            _ => self.words(node.kind(), &parts(node)),
        }
    }

    // Tokens and comments.

    fn token(&mut self, token: &SyntaxToken) {
        let range = token.text_range();
        let (start, end) = (usize::from(range.start()), usize::from(range.end()));
        self.lead(start, false);
        self.out
            .push(Element::Text(self.source.get(start..end).unwrap_or("")));
        let around = self.comments.around(start);
        if let Some(trailing) = around.and_then(|around| around.trailing.take()) {
            self.out.push(Element::Trailing(trailing));
        }
    }

    /// The comments on lines of their own before the token at `start`; and its blank line, if an item
    /// begins there.
    fn lead(&mut self, start: usize, item: bool) {
        let Some(around) = self.comments.around(start) else {
            return;
        };
        for comment in std::mem::take(&mut around.own) {
            if comment.blank_before {
                self.out.push(Element::Blank);
            }
            self.out.push(Element::Own(comment.text));
        }
        if item && around.blank_before {
            self.out.push(Element::Blank);
        }
    }

    // Groups. A comment before the first or behind the last token of a group is outside of it: it is no
    // reason to break the group.

    fn open(&mut self, first: Option<&Part>) {
        if let Some(first) = first {
            self.lead(start(first), false);
        }
        self.out.push(Open);
    }

    fn end(&mut self, element: Element<'static>) {
        match self.out.last() {
            Some(&Element::Trailing(comment)) => {
                self.out.pop();
                self.out.extend([element, Element::Trailing(comment)]);
            }
            _ => self.out.push(element),
        }
    }

    // Shapes.

    /// Parts with a space between them where the style has one.
    fn words(&mut self, parent: K, parts: &[Part]) {
        for (at, part) in parts.iter().enumerate() {
            if at > 0 && spaced(parent, parts[at - 1].kind(), part.kind()) {
                self.out.push(Space);
            }
            self.part(part);
        }
    }

    /// Words with places to break the line before.
    fn broken_before(&mut self, node: &SyntaxNode, breaks: impl Fn(&Part) -> bool) {
        let parts = parts(node);
        self.open(parts.first());
        self.words_or_lines(node.kind(), &parts, breaks);
        self.end(Close);
    }

    fn words_or_lines(&mut self, parent: K, parts: &[Part], breaks: impl Fn(&Part) -> bool) {
        for (at, part) in parts.iter().enumerate() {
            if at == 1 {
                self.out.push(Indent);
            }
            if at > 0 && breaks(part) {
                self.out.push(Line);
            } else if at > 0 && spaced(parent, parts[at - 1].kind(), part.kind()) {
                self.out.push(Space);
            }
            self.part(part);
        }
        if parts.len() > 1 {
            self.end(Dedent);
        }
    }

    /// One item a line.
    fn items(&mut self, items: &[Part]) {
        for item in items {
            self.out.push(Hard);
            self.lead(start(item), true);
            self.part(item);
        }
    }

    /// `HEAD { item item }`.
    fn braced(&mut self, node: &SyntaxNode) {
        let parts = parts(node);
        let brace = parts.iter().position(|part| part.kind() == K::LBrace);
        let (Some(brace), Some((closer, _))) = (brace, parts.split_last()) else {
            return self.words(node.kind(), &parts);
        };
        self.words(node.kind(), &parts[..=brace]);
        let before = self.out.len();
        self.out.push(Indent);
        self.items(parts.get(brace + 1..parts.len() - 1).unwrap_or(&[]));
        self.closing_comments(closer, Hard);
        self.end(Dedent);
        let empty = self.out.len() == before + 2;
        let commented = matches!(
            self.out.get(before.wrapping_sub(1)),
            Some(Element::Trailing(_))
        );
        if !empty || commented {
            self.out.push(Hard);
        }
        self.part(closer);
    }

    /// Comments between the last item and the bracket that closes a list, on the items' level.
    fn closing_comments(&mut self, closer: &Part, line: Element<'static>) {
        let around = self.comments.around(start(closer));
        if around.is_some_and(|around| !around.own.is_empty()) {
            self.out.push(line);
            self.lead(start(closer), false);
        }
    }

    /// `HEAD( item, item )`, with any brackets.
    fn list(&mut self, node: &SyntaxNode) {
        let kind = node.kind();
        let parts = parts(node);
        let opener = match kind {
            K::Enum => parts.iter().position(|part| part.kind() == K::LBrace),
            _ => Some(0),
        };
        let (Some(opener), Some((closer, _))) = (opener, parts.split_last()) else {
            return self.words(kind, &parts);
        };
        let inside = parts.get(opener + 1..parts.len() - 1).unwrap_or(&[]);
        let items: Vec<&Part> = inside
            .iter()
            .filter(|part| part.kind() != K::Comma)
            .collect();
        let commas: Vec<&Part> = inside
            .iter()
            .filter(|part| part.kind() == K::Comma)
            .collect();
        let fills = kind == K::List && items.iter().all(|item| is_plain_value(item));
        // Braces have a space inside, other brackets have none.
        let margin = if kind == K::Enum && !items.is_empty() {
            Line
        } else {
            Soft
        };
        self.words(kind, &parts[..opener]);
        if opener > 0 {
            self.out.push(Space);
        }
        self.open(parts.get(opener));
        self.part(&parts[opener]);
        self.out.push(Indent);
        for (at, item) in items.iter().enumerate() {
            match at {
                0 => self.out.push(margin),
                _ if fills => self.out.extend([Open, Line]),
                _ => self.out.push(Line),
            }
            self.part(item);
            if at > 0 && fills {
                self.end(Close);
            }
            if let Some(comma) = commas.get(at).filter(|_| at + 1 < items.len()) {
                self.part(comma);
            }
        }
        if !items.is_empty() && may_close_with_comma(kind) {
            self.out.push(Element::ClosingComma);
        }
        self.closing_comments(closer, Soft);
        self.end(Dedent);
        self.out.push(margin);
        self.part(closer);
        self.end(Close);
    }

    /// A declaration that ends with `allow`s.
    fn with_allows(&mut self, node: &SyntaxNode) {
        let parts = parts(node);
        let allows = parts.iter().filter(|part| part.kind() == K::Allow).count();
        let first = parts.iter().position(|part| part.kind() == K::Allow);
        let (head, tail) = parts.split_at(first.unwrap_or(parts.len().saturating_sub(1)));
        self.open(parts.first());
        self.open(parts.first());
        self.words_or_lines(node.kind(), head, |part| {
            matches!(part.kind(), K::MaxRows | K::Range | K::Check | K::Access)
        });
        self.end(Close);
        self.out.push(Indent);
        for part in tail {
            if part.kind() == K::Allow {
                self.out.push(if allows > 1 { Hard } else { Line });
            }
            self.part(part);
        }
        self.end(Dedent);
        self.end(Close);
    }

    /// `entry NAME(...) by NAME when expr pays expr { ... }`.
    fn entry(&mut self, node: &SyntaxNode) {
        let parts = parts(node);
        let clause = |part: &Part| is_word(part, &["by", "when", "pays"]);
        let Some((block, head)) = parts.split_last() else {
            return;
        };
        let clauses = head.iter().skip(1).position(clause).map(|at| at + 1);
        let (signature, clauses) = head.split_at(clauses.unwrap_or(head.len()));
        self.words(node.kind(), signature);
        if clauses.is_empty() {
            self.out.push(Space);
        } else {
            self.out.extend([Open, Indent]);
            for (at, part) in clauses.iter().enumerate() {
                // The name after `by` may be one of these words, but it is no token of the entry.
                self.out
                    .push(if clause(part) || at == 0 { Line } else { Space });
                self.part(part);
            }
            self.end(Dedent);
            self.out.push(Line);
            self.end(Close);
        }
        self.part(block);
    }

    /// `if`, `while` and `for`: where the head is broken, the brace stands alone, so that head and body
    /// are told apart.
    fn headed(&mut self, node: &SyntaxNode) {
        let parts = parts(node);
        let block = parts.iter().position(|part| part.kind() == K::Block);
        let (head, rest) = parts.split_at(block.unwrap_or(parts.len()));
        self.open(head.first());
        self.words_or_lines(node.kind(), head, |part| is_word(part, &["max"]));
        self.out.push(Line);
        self.end(Close);
        self.words(node.kind(), rest);
    }

    /// Operands of operators that bind alike, which are one level.
    fn binary(&mut self, node: &SyntaxNode) {
        let mut rows: Vec<Vec<Part>> = Vec::new();
        let mut current = node.clone();
        let first = loop {
            let mut parts = parts(&current);
            let class = operator_class(&parts);
            let left = parts.remove(0);
            rows.push(parts);
            match left {
                NodeOrToken::Node(left)
                    if left.kind() == K::Binary && operator_class(&self::parts(&left)) == class =>
                {
                    current = left;
                }
                left => break left,
            }
        };
        self.open(Some(&first));
        self.part(&first);
        self.out.push(Indent);
        for row in rows.iter().rev() {
            self.out.push(Line);
            let (right, operator) = row.split_last().unzip();
            // The two tokens of `>>` stay together.
            for token in operator.unwrap_or(&[]) {
                self.part(token);
            }
            self.out.push(Space);
            if let Some(right) = right {
                self.part(right);
            }
        }
        self.end(Dedent);
        self.end(Close);
    }

    /// `a.b(c)[d].e(f)`: lines may begin with the calls, if there is more than one.
    fn chain(&mut self, node: &SyntaxNode) {
        let mut links: Vec<(K, Vec<Part>)> = Vec::new();
        let mut current = node.clone();
        let first = loop {
            let mut parts = parts(&current);
            let receiver = parts.remove(0);
            links.push((current.kind(), parts));
            match receiver {
                NodeOrToken::Node(receiver)
                    if matches!(receiver.kind(), K::MethodCall | K::FieldAccess | K::Index) =>
                {
                    current = receiver;
                }
                receiver => break receiver,
            }
        };
        let calls = links.iter().filter(|(kind, _)| *kind == K::MethodCall);
        let many = calls.count() > 1;
        if many {
            self.open(Some(&first));
        }
        self.part(&first);
        if many {
            self.out.push(Indent);
        }
        for (kind, link) in links.iter().rev() {
            if many && *kind == K::MethodCall {
                self.out.push(Soft);
            }
            for part in link {
                self.part(part);
            }
        }
        if many {
            self.end(Dedent);
            self.end(Close);
        }
    }
}

/// Numbers, truth values and texts, perhaps with a sign.
fn is_plain_value(part: &Part) -> bool {
    let Some(node) = part.as_node() else {
        return false;
    };
    match node.kind() {
        K::Literal => true,
        K::Unary => node.children().all(|inner| inner.kind() == K::Literal),
        _ => false,
    }
}

/// Equal for operators that bind alike.
fn operator_class(parts: &[Part]) -> Option<K> {
    let kind = parts.get(1)?.kind();
    let shift = kind == K::Shl || parts.get(2)?.kind() == K::Greater;
    Some(match kind {
        _ if shift => K::Shl,
        K::Minus => K::Plus,
        K::Slash | K::Percent => K::Star,
        kind => kind,
    })
}

/// Whether a space stands between two neighbours in a node.
fn spaced(parent: K, before: K, after: K) -> bool {
    let never_before = matches!(
        after,
        K::Comma
            | K::Semicolon
            | K::RParen
            | K::RBracket
            | K::ColonColon
            | K::DotDot
            | K::ArgList
            | K::ParamList
            | K::Generics
    );
    let never_after = matches!(before, K::LParen | K::LBracket | K::ColonColon | K::DotDot);
    if never_before || never_after {
        return false;
    }
    match (parent, before, after) {
        (K::Ternary, _, K::Colon) => true,
        (_, _, K::Colon) => false,
        (K::Type | K::Generics, K::Less, _) | (K::Type | K::Generics, _, K::Less | K::Greater) => {
            false
        }
        (K::Recipient | K::ShapeClause, _, K::LParen) => false,
        // `..=` is two tokens.
        (K::Range, K::Eq, _) => false,
        (K::Unary, ..) => false,
        (K::Lambda, K::Or, K::Name) | (K::Lambda, K::Name, K::Or) => false,
        _ => true,
    }
}
