module example.org/grain

go 1.21
