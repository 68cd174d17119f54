package Probe;
our $VERSION = '1';
require XSLoader;
XSLoader::load('Probe');
1;
