check works works
check no-namespaces confined
check supervised usandbox run --keep-fd 3 -- true
