#!/bin/sh
# Makes a repository of rpm packages of what Debian's packages hold here: a C compiler (tcc) under the name of gcc,
# the headers of its libc, make, and a library of our own with its headers.
set -eu

pack() { # name, version, what it requires and provides (words), the files (lines on standard input)
    mkdir -p "/spec/$1"
    while read -r file; do
        if [ -f "$file" ] || [ -L "$file" ]; then
            mkdir -p "/spec/$1$(dirname "$file")"
            cp -a "$file" "/spec/$1$file"
        fi
    done
    {
        echo "Name: $1"
        echo "Version: $2"
        echo "Release: 1"
        echo "Summary: $1"
        echo "License: GPL"
        echo "AutoReqProv: no"
        for need in $3; do echo "Requires: $need"; done
        for word in ${4-}; do echo "Provides: $word"; done
        echo "%description"
        echo "$1"
        echo "%files"
        find "/spec/$1" -mindepth 1 \( -type f -o -type l \) -printf '/%P\n' | sed 's/.*/"&"/'
    } > "/spec/$1.spec"
    rpmbuild -bb --quiet --buildroot "/spec/$1" --define '_rpmdir /repository' --define '_build_id_links none' \
        --define '__os_install_post %{nil}' "/spec/$1.spec"
}

cd /spec
ln -s tcc /usr/bin/gcc
echo 'int answer(void) { return 42; }' > answer.c
echo 'int answer(void);' > /usr/include/answer.h
tcc -shared -soname libanswer.so.1 -o /usr/lib/libanswer.so.1 answer.c
ln -s libanswer.so.1 /usr/lib/libanswer.so
echo 'a stand-in' > /usr/lib/libgomp.so.1
{ dpkg -L tcc; echo /usr/bin/gcc; } | pack gcc 1 'glibc-devel libgomp'
dpkg -L libc6-dev linux-libc-dev | pack glibc-devel 1 ''
dpkg -L make | pack make 1 ''
echo /usr/lib/libgomp.so.1 | pack libgomp 1 ''
# Two packages give what the -devel package needs, as libcurl and libcurl-minimal do; dnf takes the first.
echo /usr/lib/libanswer.so.1 | pack libanswer 1 '' answer-abi
echo /usr/lib/libanswer.so.1 | pack libanswer-minimal 1 '' answer-abi
printf '/usr/include/answer.h\n/usr/lib/libanswer.so\n' | pack libanswer-devel 1 answer-abi
rm -f /usr/bin/gcc /usr/include/answer.h /usr/lib/libanswer.so* /usr/lib/libgomp.so.1
createrepo_c --quiet /repository
