// Lets the compiler accept functions without a body: they are in the library (library.go).
