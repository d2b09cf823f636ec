//! Tests of the project as a whole, in one program so that they are linked once.

mod tidy;
