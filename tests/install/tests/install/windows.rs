//! The installers for Windows, under Wine. They contain stand-ins for the programs, which MinGW compiles: a program for
//! Windows takes minutes to compile here. What is a Windows's own, such as the Restart Manager, Wine does not have.

mod machine;
mod msi;
mod nsis;
mod programs;
mod real;
mod signatures;
