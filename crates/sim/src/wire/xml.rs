//! Writing XML answers. Not a document model: elements are written in order and closed by scope.

/// An XML document being written.
#[derive(Debug)]
pub(super) struct Xml {
    out: String,
}

impl Xml {
    /// Begins a document and writes its root around `content`.
    pub(super) fn document(root: &str, namespace: &str, content: impl FnOnce(&mut Self)) -> Vec<u8> {
        let mut xml = Self { out: String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") };
        xml.out.push_str(&format!("<{root} xmlns=\"{namespace}\">"));
        content(&mut xml);
        xml.out.push_str(&format!("</{root}>"));
        xml.out.into_bytes()
    }

    /// An element with others inside.
    pub(super) fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.out.push_str(&format!("<{name}>"));
        content(self);
        self.out.push_str(&format!("</{name}>"));
    }

    /// An element with text inside.
    pub(super) fn text(&mut self, name: &str, value: impl ToString) {
        let value = value.to_string();
        self.element(name, |xml| xml.out.push_str(&quick_xml::escape::escape(value.as_str())));
    }

    /// The same, or nothing.
    pub(super) fn maybe(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }
}
