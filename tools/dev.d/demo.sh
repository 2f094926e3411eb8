verb_demo() { die "not yet"; }
